/* What the REST methods share in reading their JSON bodies. */
#ifndef SM_SERVING_REST_JSON_H_
#define SM_SERVING_REST_JSON_H_

#include "serving/request.h"
#include "wire/json.h"

/* Parses r->body, which must be an object, and reads signature_name into r->spec. `doc` is cleared by the
 * caller, also after an error; what r->spec keeps is copied. */
TF_Code rest_parse_body(Request *r, JsonDoc *doc, TF_Status *st);

#endif
