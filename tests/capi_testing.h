/* What the tests of the C API share. They use public functions only, so that they run on any libtensorflow:
 * configure with -DSM_TENSORFLOW_LIB=... to run them on another one. */
#ifndef SM_TESTS_CAPI_TESTING_H_
#define SM_TESTS_CAPI_TESTING_H_

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tensorflow/c/c_api.h"

/* The status of the test that runs. */
static TF_Status *st;

static int test_setup(void **state) {
  (void)state;
  st = TF_NewStatus();
  return st ? 0 : -1;
}

static int test_teardown(void **state) {
  (void)state;
  TF_DeleteStatus(st);
  return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

#define assert_ok()                                                         \
  do {                                                                      \
    if (TF_GetCode(st)) fail_msg("%d: %s", TF_GetCode(st), TF_Message(st)); \
  } while (0)

/* The status has this code, and its message starts with `text`. */
#define assert_error(code, text)                                                              \
  do {                                                                                        \
    if (TF_GetCode(st) != (code) || strncmp(TF_Message(st), text, strlen(text)))              \
      fail_msg("wanted %d: %s\n     got %d: %s", code, text, TF_GetCode(st), TF_Message(st)); \
    TF_SetStatus(st, TF_OK, "");                                                              \
  } while (0)

/* num_dims -2: no shape attribute. */
static inline TF_Operation *placeholder(TF_Graph *g, const char *name, TF_DataType type, int num_dims,
                                        const int64_t *dims) {
  TF_OperationDescription *d = TF_NewOperation(g, "Placeholder", name);
  TF_SetAttrType(d, "dtype", type);
  if (num_dims > -2) TF_SetAttrShape(d, "shape", dims, num_dims);
  TF_Operation *op = TF_FinishOperation(d, st);
  assert_ok();
  assert_non_null(op);
  return op;
}

static inline TF_Tensor *tensor_of(TF_DataType type, int num_dims, const int64_t *dims, const void *data,
                                   size_t size) {
  TF_Tensor *t = TF_AllocateTensor(type, dims, num_dims, size);
  assert_non_null(t);
  if (size) memcpy(TF_TensorData(t), data, size);
  return t;
}

static inline TF_Operation *constant(TF_Graph *g, const char *name, TF_Tensor *value) {
  TF_OperationDescription *d = TF_NewOperation(g, "Const", name);
  TF_SetAttrType(d, "dtype", TF_TensorType(value));
  TF_SetAttrTensor(d, "value", value, st);
  assert_ok();
  TF_DeleteTensor(value);
  TF_Operation *op = TF_FinishOperation(d, st);
  assert_ok();
  return op;
}

static inline TF_Operation *constant_ints(TF_Graph *g, const char *name, int num_dims, int64_t count,
                                          const int32_t *values) {
  return constant(g, name, tensor_of(TF_INT32, num_dims, &count, values, (size_t)(num_dims ? count : 1) * 4));
}

/* An op of one output with single inputs. */
static inline TF_Operation *simple_op(TF_Graph *g, const char *op, const char *name, int n,
                                      TF_Operation *const *inputs) {
  TF_OperationDescription *d = TF_NewOperation(g, op, name);
  for (int i = 0; i < n; i++) TF_AddInput(d, (TF_Output){inputs[i], 0});
  return TF_FinishOperation(d, st);
}

/* ---- protobuf bytes by hand: what no API would build ---- */

typedef struct Pb {
  unsigned char data[8192];
  size_t size;
} Pb;

static inline void pb_varint(Pb *p, uint64_t v) {
  for (; v >= 0x80; v >>= 7) p->data[p->size++] = (unsigned char)(v | 0x80);
  p->data[p->size++] = (unsigned char)v;
}
static inline void pb_int(Pb *p, int field, uint64_t v) {
  pb_varint(p, (uint64_t)field << 3);
  pb_varint(p, v);
}
static inline void pb_bytes(Pb *p, int field, const void *data, size_t size) {
  pb_varint(p, (uint64_t)field << 3 | 2);
  pb_varint(p, size);
  memcpy(p->data + p->size, data, size);
  p->size += size;
}
static inline void pb_text(Pb *p, int field, const char *text) { pb_bytes(p, field, text, strlen(text)); }
static inline void pb_message(Pb *p, int field, const Pb *m) { pb_bytes(p, field, m->data, m->size); }

/* NodeDef: pb_node, pb_text(node, 3, input), pb_attr..., then pb_message(graph, 1, node). */
static inline Pb pb_node(const char *name, const char *op) {
  Pb p = {.size = 0};
  pb_text(&p, 1, name);
  pb_text(&p, 2, op);
  return p;
}
static inline void pb_attr(Pb *node, const char *key, const Pb *value) {
  Pb entry = {.size = 0};
  pb_text(&entry, 1, key);
  pb_message(&entry, 2, value);
  pb_message(node, 5, &entry);
}
static inline void pb_attr_type(Pb *node, const char *key, TF_DataType type) {
  Pb value = {.size = 0};
  pb_int(&value, 6, type);
  pb_attr(node, key, &value);
}
static inline void pb_attr_int(Pb *node, const char *key, int64_t i) {
  Pb value = {.size = 0};
  pb_int(&value, 3, (uint64_t)i);
  pb_attr(node, key, &value);
}
static inline void pb_attr_string(Pb *node, const char *key, const char *text) {
  Pb value = {.size = 0};
  pb_text(&value, 2, text);
  pb_attr(node, key, &value);
}
/* An op with one T = float attribute and up to three inputs (null: fewer). */
static inline void pb_add(Pb *graph, const char *name, const char *op, const char *a, const char *b,
                          const char *c) {
  Pb node = pb_node(name, op);
  if (a) pb_text(&node, 3, a);
  if (b) pb_text(&node, 3, b);
  if (c) pb_text(&node, 3, c);
  pb_attr_type(&node, strcmp(op, "Placeholder") ? "T" : "dtype", TF_FLOAT);
  pb_message(graph, 1, &node);
}

#endif
