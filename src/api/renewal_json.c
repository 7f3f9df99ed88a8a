/* SPDX-License-Identifier: Apache-2.0 */
#include "api/renewal_json.h"

#include "api/certificate_json.h"

json_t *
renewal_json(const struct renewal_info *i)
{
	json_t *v = json_pack("{s:{s:o, s:o}}", "suggestedWindow", "start",
	    certificate_json_time(i->start_at), "end",
	    certificate_json_time(i->end_at));

	if (i->explanation_url != NULL)
		json_object_set_new(v, "explanationURL",
		    json_string(i->explanation_url));
	return v;
}
