/* How errors travel.
 *
 * A fallible function takes a `TF_Status *st` as its last argument and returns the code that it left
 * there: TF_OK (0), or an error. It touches `st` only to report an error, so a status that is TF_OK
 * at the start stays so. Return values therefore read as "nonzero means it failed":
 *
 *   TRY(tensor_bundle_open(&bundle, path, st));
 *   if (n > left) return fail(st, TF_DATA_LOSS, "block at %zu: %zu bytes, %zu left", at, n, left);
 *
 * fail() and friends use only TF_SetStatus, TF_GetCode and TF_Message, so code above them works on
 * any library with the TensorFlow C API. */
#ifndef SM_BASE_STATUS_H_
#define SM_BASE_STATUS_H_

#include <stddef.h>

#include "base/compiler.h"
#include "tensorflow/c/tf_status.h"

/* Returns from the calling function with the code of `call` if that is not TF_OK. */
#define TRY(call)                                 \
  do {                                            \
    TF_Code try_code_ = (TF_Code)(call);          \
    if (SM_UNLIKELY(try_code_)) return try_code_; \
  } while (0)

/* Sets `st` to `code` and the formatted message (cut at FAIL_MESSAGE_MAX bytes); returns `code`. */
TF_Code fail(TF_Status *st, TF_Code code, const char *fmt, ...) SM_PRINTF(3, 4);
/* The out-of-memory error, TF_RESOURCE_EXHAUSTED; `what` says for what. */
TF_Code fail_oom(TF_Status *st, const char *what);
/* The code for an errno value, with "<formatted>; <errno's text>" as TensorFlow writes it. */
TF_Code fail_errno(TF_Status *st, int error, const char *fmt, ...) SM_PRINTF(3, 4);
/* Puts "<formatted>: " before the message of a failed status; returns its code. */
TF_Code fail_prefix(TF_Status *st, const char *fmt, ...) SM_PRINTF(2, 3);
/* Puts the formatted text behind the message of a failed status; returns its code. */
TF_Code fail_suffix(TF_Status *st, const char *fmt, ...) SM_PRINTF(2, 3);

enum { FAIL_MESSAGE_MAX = 4096 };

/* "INVALID_ARGUMENT" for TF_INVALID_ARGUMENT, and so on; "UNKNOWN" for numbers that are no code. */
const char *status_code_name(TF_Code code);
/* The code that stands for an errno value (ENOENT is TF_NOT_FOUND, ...). */
TF_Code status_code_of_errno(int error);

#endif
