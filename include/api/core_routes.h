/* SPDX-License-Identifier: Apache-2.0 */
/* core_routes - core's handler of each row of tbl/routes.h. */
#ifndef API_CORE_ROUTES_H
#define API_CORE_ROUTES_H

#include "api/request.h"

/* NULL for a row that front answers. */
request_handler *core_routes_handler(size_t row);

request_handler core_certificate_issue, core_certificate_list, core_certificate_get,
    core_certificate_revoke, core_profiles, core_issuers, core_whoami, core_readyz,
    core_ocsp_post, core_ocsp_get, core_token_create, core_token_list,
    core_token_withdraw, core_enroll, core_explain;

#endif
