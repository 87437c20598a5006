/* The inside of a TF_Status, for our own runtime, which keeps statuses on the stack:
 *
 *   TF_Status st = {0};
 *
 * The message is inline, so that being out of memory can be told. Code written on the public C API
 * alone (src/savedmodel) must not include this. */
#ifndef SM_BASE_STATUS_IMPL_H_
#define SM_BASE_STATUS_IMPL_H_

#include "base/status.h"

struct StatusPayload;

struct TF_Status {
  TF_Code code;
  struct StatusPayload *payloads; /* null, or a list owned by this status */
  char message[FAIL_MESSAGE_MAX]; /* never longer: cut with "..." */
};

/* Frees the payloads of a status kept on the stack or embedded; the status is TF_OK afterwards. */
void status_clear(TF_Status *st);
/* dst becomes a copy of src's code and message (payloads are not copied). */
void status_copy(TF_Status *dst, const TF_Status *src);

#endif
