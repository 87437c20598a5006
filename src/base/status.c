/* TF_Status of the TensorFlow C API: code, inline message, and the rarely used payloads. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"

typedef struct StatusPayload {
  struct StatusPayload *next;
  char *value; /* in the same allocation, behind the key */
  char key[];
} StatusPayload;

static void drop_payloads(TF_Status *st) {
  while (st->payloads) {
    StatusPayload *next = st->payloads->next;
    free(st->payloads);
    st->payloads = next;
  }
}

TF_Status *TF_NewStatus(void) { return calloc(1, sizeof(TF_Status)); }

void TF_DeleteStatus(TF_Status *st) {
  if (!st) return;
  drop_payloads(st);
  free(st);
}

void status_clear(TF_Status *st) {
  drop_payloads(st);
  st->code = TF_OK;
  st->message[0] = 0;
}

void TF_SetStatus(TF_Status *st, TF_Code code, const char *msg) {
  if (code == TF_OK) {
    status_clear(st);
    return;
  }
  st->code = code;
  size_t len = msg ? strlen(msg) : 0;
  bool cut = len >= sizeof st->message;
  if (cut) len = sizeof st->message - 1;
  if (len) memmove(st->message, msg, len);
  st->message[len] = 0;
  if (cut) memcpy(st->message + len - 3, "...", 3);
}

void status_copy(TF_Status *dst, const TF_Status *src) { TF_SetStatus(dst, src->code, src->message); }

void TF_SetPayload(TF_Status *st, const char *key, const char *value) {
  if (st->code == TF_OK) return;
  size_t key_len = strlen(key) + 1, value_len = strlen(value) + 1;
  StatusPayload *p = malloc(sizeof *p + key_len + value_len);
  if (!p) return;
  memcpy(p->key, key, key_len);
  p->value = p->key + key_len;
  memcpy(p->value, value, value_len);
  StatusPayload **at = &st->payloads;
  while (*at && strcmp((*at)->key, key)) at = &(*at)->next;
  p->next = *at ? (*at)->next : NULL; /* a key set again replaces its value */
  free(*at);
  *at = p;
}

void TF_ForEachPayload(const TF_Status *st, TF_PayloadVisitor visitor, void *capture) {
  for (const StatusPayload *p = st->payloads; p; p = p->next) visitor(p->key, p->value, capture);
}

void TF_SetStatusFromIOError(TF_Status *st, int error_code, const char *context) {
  if (error_code == 0) {
    status_clear(st);
    return;
  }
  fail_errno(st, error_code, "%s", context);
}

TF_Code TF_GetCode(const TF_Status *st) { return st->code; }
const char *TF_Message(const TF_Status *st) { return st->message; }
