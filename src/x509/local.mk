noinst_LIBRARIES += libhnp_x509.a
libhnp_x509_a_SOURCES = \
	src/x509/cert.c \
	src/x509/cert_build.c \
	src/x509/cert_file.c \
	src/x509/certid.c \
	src/x509/constraints.c \
	src/x509/constraints_der.c \
	src/x509/crl.c \
	src/x509/crl_shard.c \
	src/x509/csr.c \
	src/x509/csr_attributes.c \
	src/x509/csr_part.h \
	src/x509/dn.c \
	src/x509/ext.c \
	src/x509/names.c \
	src/x509/names_der.c \
	src/x509/names_dns.c \
	src/x509/names_ip.c \
	src/x509/names_uri.c \
	src/x509/ocsp.c \
	src/x509/ocsp_response.c \
	src/x509/ocsp_build.c \
	src/x509/serial.c \
	src/x509/spki.c \
	src/x509/spki_ec.c \
	src/x509/spki_part.h \
	src/x509/spki_rsa.c \
	src/x509/spki_verify.c \
	src/x509/weak_keys.c
