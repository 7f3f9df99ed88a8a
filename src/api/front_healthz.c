/* SPDX-License-Identifier: Apache-2.0 */
/* front_healthz - GET /healthz: this process takes requests.  Whether it can serve: /readyz. */
#include "api/front.h"

void
front_healthz(struct front *f, struct exchange *x)
{
	(void)f;
	exchange_answer(x, &(struct answer){
			       .status = 200,
			       .content_type = bytes_str("text/plain; charset=utf-8"),
			       .body = bytes_str("ok\n"),
			   });
}
