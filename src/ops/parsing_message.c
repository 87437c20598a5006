/* Writing a TensorProto by hand, reading it by the decoder of messages. */
#include "ops/parsing_message.h"

#include "base/status_impl.h"
#include "ops/op_eval.h"
#include "ops/string_util.h"
#include "tensor/tensor_proto.h"
#include "wire/proto_message.h"
#include "wire/text_format.h"

/* Field numbers of TensorProto, its shape and a dim, with the wire type. */
enum {
  TAG_DTYPE = 1 << 3,
  TAG_SHAPE = 2 << 3 | 2,
  TAG_CONTENT = 4 << 3 | 2,
  TAG_STRING = 8 << 3 | 2,
  TAG_DIM = 2 << 3 | 2,
  TAG_SIZE = 1 << 3,
};

static void put_span(Bytes *b, int tag, Span s) {
  bytes_put_varint(b, (uint64_t)tag);
  bytes_put_varint(b, s.size);
  bytes_append(b, s.data, s.size);
}

/* Puts the bytes of `part`, which it frees. */
static void put_part(Bytes *b, int tag, Bytes *part) {
  put_span(b, tag, (Span){part->data ? part->data : "", part->size});
  b->failed |= part->failed;
  bytes_clear(part);
}

static void put_shape(Bytes *b, const Tensor *t) {
  Bytes shape = {0};
  for (int d = 0; d < t->rank; d++) {
    Bytes dim = {0};
    if (t->dims[d]) {
      bytes_put_varint(&dim, TAG_SIZE);
      bytes_put_varint(&dim, (uint64_t)t->dims[d]);
    }
    put_part(&shape, TAG_DIM, &dim);
  }
  put_part(b, TAG_SHAPE, &shape);
}

static void put_strings(Bytes *b, const Tensor *t, bool packed) {
  Bytes content = {0};
  int64_t n = tensor_count(t);
  for (int64_t i = 0; i < n; i++) {
    if (packed) bytes_put_varint(&content, string_at(t, i).size);
    else put_span(b, TAG_STRING, string_at(t, i));
  }
  for (int64_t i = 0; packed && i < n; i++)
    bytes_append(&content, string_at(t, i).data, string_at(t, i).size);
  if (packed && n) put_part(b, TAG_CONTENT, &content);
  bytes_clear(&content);
}

void tensor_message_put(Bytes *b, const Tensor *t, bool packed) {
  size_t size = (size_t)tensor_count(t) * dtype_size(t->dtype);
  bytes_put_varint(b, TAG_DTYPE);
  bytes_put_varint(b, (uint64_t)t->dtype);
  put_shape(b, t);
  if (t->dtype == TF_STRING) put_strings(b, t, packed);
  else if (size) put_span(b, TAG_CONTENT, (Span){t->data, size});
}

const Tensorflow__TensorProto *tensor_message_read(Span bytes, Arena *arena) {
  Tensorflow__TensorProto *proto;
  TF_Status st = {0};
  return proto_parse_view(&tensorflow__tensor_proto__descriptor, bytes, arena, &proto, "", &st) ? NULL
                                                                                                : proto;
}

/* TF: the message as text is all that is said. */
static TF_Code fail_unmade(const Tensorflow__TensorProto *proto, TF_Status *st) {
  Bytes text = {0};
  TF_Status failed = {0};
  bool printed = !text_format_print(&proto->base, &text, &failed);
  fail(st, TF_INVALID_ARGUMENT, "Cannot parse tensor from proto: %s", printed && text.data ? text.data : "");
  bytes_clear(&text);
  return TF_INVALID_ARGUMENT;
}

/* A small message may name a large tensor. */
static TF_Code check_size(const OpCtx *c, const Tensorflow__TensorProto *proto, TF_Status *st) {
  const Tensorflow__TensorShapeProto *shape = proto->tensor_shape;
  int64_t dims[TENSOR_MAX_RANK], count;
  size_t bytes;
  int rank = shape && shape->n_dim <= TENSOR_MAX_RANK ? (int)shape->n_dim : 0;
  for (int d = 0; d < rank; d++) dims[d] = shape->dim[d]->size;
  TRY(shape_bytes((TF_DataType)proto->dtype, dims, rank, &count, &bytes, st));
  return c->env ? op_check_memory(c->env, (TF_DataType)proto->dtype, dims, rank, st) : TF_OK;
}

TF_Code tensor_message_tensor(const OpCtx *c, const Tensorflow__TensorProto *proto, Tensor *out,
                              TF_Status *st) {
  if (!check_size(c, proto, st) && !tensor_from_proto(proto, out, st)) return TF_OK;
  return TF_GetCode(st) == TF_INVALID_ARGUMENT ? fail_unmade(proto, st)
                                               : fail_prefix(st, "Cannot parse tensor from proto");
}
