noinst_LIBRARIES += libhnp_api.a
libhnp_api_a_SOURCES = \
	src/api/acme.c \
	src/api/acme_account.c \
	src/api/acme_answer.c \
	src/api/acme_authz.c \
	src/api/acme_certificate.c \
	src/api/acme_challenge.c \
	src/api/acme_directory.c \
	src/api/acme_json.c \
	src/api/acme_identifiers.c \
	src/api/acme_order.c \
	src/api/acme_renewal_info.c \
	src/api/acme_objects.c \
	src/api/acme_revoke_cert.c \
	src/api/asked.c \
	src/api/certificate_json.c \
	src/api/certificate_walk.c \
	src/api/core_acme_account.c \
	src/api/core_acme_attempt.c \
	src/api/core_acme_eab.c \
	src/api/core_acme_order.c \
	src/api/core_acme_test.c \
	src/api/core_audit.c \
	src/api/core_certificate_get.c \
	src/api/core_certificate_issue.c \
	src/api/core_certificate_list.c \
	src/api/core_certificate_revoke.c \
	src/api/core_enroll.c \
	src/api/core_explain.c \
	src/api/core_issuer_revoke.c \
	src/api/core_issuers.c \
	src/api/core_metrics.c \
	src/api/core_ocsp.c \
	src/api/core_profiles.c \
	src/api/core_readyz.c \
	src/api/core_reload.c \
	src/api/core_renew.c \
	src/api/core_renewal_info.c \
	src/api/core_renewal_order.c \
	src/api/core_routes.c \
	src/api/core_stats.c \
	src/api/core_token.c \
	src/api/core_whoami.c \
	src/api/instead.c \
	src/api/issued.c \
	src/api/overdue.c \
	src/api/page.c \
	src/api/refusal.c \
	src/api/revocation_json.c \
	src/api/renewal_json.c \
	src/api/request.c \
	src/api/slices.c \
	src/api/verdict_json.c

noinst_LIBRARIES += libhnp_api_front.a
libhnp_api_front_a_SOURCES = \
	src/api/front.c \
	src/api/front_acme.c \
	src/api/front_healthz.c \
	src/api/front_kept.c \
	src/api/front_metrics.c \
	src/api/front_ocsp.c \
	src/api/front_published.c \
	src/api/front_ready.c \
	src/api/front_spelled.c
