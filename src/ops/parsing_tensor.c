/* Tensors in and out of strings: SerializeTensor, ParseTensor, DecodePaddedRaw, DecodeCompressed. */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "ops/array_util.h"
#include "ops/op_eval.h"
#include "ops/parsing_message.h"
#include "ops/string_util.h"
#include "wire/base64.h"

/* ---- SerializeTensor ---- */

static TF_Code string_scalar_prepare(OpCtx *c, TF_Status *st) {
  return op_output_scalar(c, 0, TF_STRING, st);
}

static TF_Code serialize_run(OpCtx *c, TF_Status *st) {
  Bytes b = {0};
  tensor_message_put(&b, op_input(c, 0), false);
  TF_Code code = string_put_bytes(&c->outputs[0], 0, &b, st);
  bytes_clear(&b);
  return code;
}

/* ---- ParseTensor ---- */

static TF_Code fail_unparsed(Span s, TF_Status *st) {
  Bytes text = {0};
  base64_encode(&text, s.data, s.size);
  fail(st, TF_INVALID_ARGUMENT, "Could not parse `serialized` as TensorProto, base64: %s",
       text.data ? text.data : "");
  bytes_clear(&text);
  return TF_INVALID_ARGUMENT;
}

static TF_Code parse_message(OpCtx *c, Span bytes, TF_Status *st) {
  TF_DataType want = c->node->output_types[0];
  Tensor t = {0};
  Arena arena = {0};
  const Tensorflow__TensorProto *proto = tensor_message_read(bytes, &arena);
  TF_Code code = proto ? tensor_message_tensor(c, proto, &t, st) : fail_unparsed(bytes, st);
  arena_clear(&arena);
  if (code) return code;
  if (t.dtype != want) {
    code = fail(st, TF_INVALID_ARGUMENT, "Type mismatch between parsed tensor (%s) and dtype (%s)",
                dtype_name(t.dtype), dtype_name(want));
    tensor_clear(&t);
    return code;
  }
  op_take_output(c, 0, &t);
  return TF_OK;
}

static TF_Code parse_run(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (in->rank)
    return fail(st, TF_INVALID_ARGUMENT, "Expected `serialized` to be a scalar, got shape: %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  return parse_message(c, string_at(in, 0), st);
}

/* ---- DecodePaddedRaw: numbers of each string, cut or filled with zeros to one length ---- */

static TF_Code padded_shape(ShapeCtx *c, TF_Status *st) {
  const Shape *in = c->inputs[0];
  if (in->rank < 0) return TF_OK;
  if (in->rank == TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "DecodePaddedRaw of a tensor of rank %d", in->rank);
  c->outputs[0] = *in;
  c->outputs[0].dims[c->outputs[0].rank++] = -1;
  return TF_OK;
}

static TF_Code padded_prepare(OpCtx *c, TF_Status *st) {
  const Tensor *in = op_input(c, 0), *length = op_input(c, 1);
  TF_DataType dtype = c->node->output_types[0];
  int64_t dims[TENSOR_MAX_RANK + 1], item = (int64_t)dtype_size(dtype);
  char text[SHAPE_TEXT_MAX];
  if (length->rank)
    return fail(st, TF_INVALID_ARGUMENT, "k must be scalar, got shape %s",
                shape_text(length->dims, length->rank, text, sizeof text));
  int64_t n = int_at(length, 0);
  if (n % item)
    return fail(st, TF_INVALID_ARGUMENT,
                "fixed_length (%lld) must be a multiple of the size of out_type (%lld)", (long long)n,
                (long long)item);
  if (n <= 0)
    return fail(st, TF_INVALID_ARGUMENT, "fixed_length (%lld) must be greater than zero.", (long long)n);
  if (in->rank == TENSOR_MAX_RANK)
    return fail(st, TF_INVALID_ARGUMENT, "DecodePaddedRaw of a tensor of rank %d", in->rank);
  memcpy(dims, in->dims, (size_t)in->rank * sizeof *dims);
  dims[in->rank] = n / item;
  return op_output(c, 0, dtype, dims, in->rank + 1, st);
}

static TF_Code padded_run(OpCtx *c, TF_Status *st) {
  size_t length = (size_t)int_at(op_input(c, 1), 0), item = dtype_size(c->outputs[0].dtype);
  char *out = c->outputs[0].data;
  bool little;
  TRY(node_attr_bool(c->node, "little_endian", &little, st));
  for (int64_t i = 0, n = tensor_count(op_input(c, 0)); i < n; i++, out += length) {
    Span s = string_at(op_input(c, 0), i);
    size_t size = s.size < length ? s.size : length;
    memset(out, 0, length);
    for (size_t k = 0; k < size; k++)
      out[little ? k : k / item * item + (item - 1 - k % item)] = ((const char *)s.data)[k];
  }
  return TF_OK;
}

/* ---- DecodeCompressed ---- */

typedef enum Packing { PACKING_NONE, PACKING_ZLIB, PACKING_GZIP } Packing;

static TF_Code compressed_init(OpInit *k, TF_Status *st) {
  Packing *packing = k->state;
  Span type;
  TRY(node_attr_string(k->node, "compression_type", &type, st));
  bool zlib = type.size == 4 && !memcmp(type.data, "ZLIB", 4),
       gzip = type.size == 4 && !memcmp(type.data, "GZIP", 4);
  if (type.size && !zlib && !gzip)
    return fail(st, TF_INVALID_ARGUMENT, "Only ZLIB, GZIP or NONE are supported compressions");
  *packing = zlib ? PACKING_ZLIB : gzip ? PACKING_GZIP : PACKING_NONE;
  return TF_OK;
}

/* Room for more of the output, within what the step may have. */
static TF_Code more_room(const OpCtx *c, Bytes *out, z_stream *z, TF_Status *st) {
  size_t room = out->size < 4096 ? 4096 : out->size < (1u << 20) ? out->size : 1u << 20;
  if (out->size + room > INT_MAX) return fail(st, TF_RESOURCE_EXHAUSTED, "the unpacked string is too long");
  if (c->env) TRY(op_check_memory(c->env, TF_UINT8, (int64_t[]){(int64_t)(out->size + room)}, 1, st));
  z->next_out = (Bytef *)bytes_reserve(out, room);
  z->avail_out = (uInt)room;
  return z->next_out ? TF_OK : fail_oom(st, "an unpacked string");
}

/* TF: input that ends early gives what there is; members of GZIP follow each other, what follows ZLIB's end
 * is left. */
static TF_Code inflate_all(const OpCtx *c, z_stream *z, Packing packing, Bytes *out, TF_Status *st) {
  for (;;) {
    TRY(more_room(c, out, z, st));
    size_t room = z->avail_out;
    int result = inflate(z, Z_SYNC_FLUSH);
    size_t made = room - z->avail_out;
    bytes_grow(out, made);
    if (result == Z_STREAM_END) {
      if (packing == PACKING_ZLIB || !z->avail_in) return TF_OK;
      inflateReset(z);
    } else if (result == Z_BUF_ERROR || (result == Z_OK && !made && !z->avail_in)) {
      return TF_OK;
    } else if (result != Z_OK) {
      return fail(st, TF_DATA_LOSS, "inflate() failed with error %d: %s", result, z->msg ? z->msg : "");
    }
  }
}

static TF_Code unpack(const OpCtx *c, Span in, Packing packing, Bytes *out, TF_Status *st) {
  z_stream z = {0};
  out->size = 0;
  if (in.size > UINT_MAX) return fail(st, TF_INVALID_ARGUMENT, "the packed string is too long");
  if (inflateInit2(&z, MAX_WBITS + (packing == PACKING_GZIP ? 16 : 0)) != Z_OK)
    return fail_oom(st, "unpacking");
  z.next_in = (Bytef *)(uintptr_t)in.data;
  z.avail_in = (uInt)in.size;
  TF_Code code = inflate_all(c, &z, packing, out, st);
  inflateEnd(&z);
  return code;
}

static TF_Code compressed_run(OpCtx *c, TF_Status *st) {
  const Packing *packing = c->state;
  const Tensor *in = op_input(c, 0);
  Bytes out = {0};
  TF_Code code = TF_OK;
  if (*packing == PACKING_NONE) return tensor_copy_range(&c->outputs[0], 0, in, 0, tensor_count(in), st);
  for (int64_t i = 0, n = tensor_count(in); !code && i < n; i++) {
    code = unpack(c, string_at(in, i), *packing, &out, st);
    if (!code) code = string_put_bytes(&c->outputs[0], i, &out, st);
  }
  bytes_clear(&out);
  return code;
}

const OpRow ops_parsing_tensor[] = {
    {"SerializeTensor", .types = "T: " TYPES_POD " string", .shape = shape_scalar,
     .prepare = string_scalar_prepare, .run = serialize_run},
    {"ParseTensor", .flags = OP_DYNAMIC, .shape = shape_unknown_outputs, .run = parse_run},
    {"DecodePaddedRaw", .types = "out_type: bfloat16 float double int8 int16 int32 int64 uint8 uint16",
     .value_inputs = 2, .shape = padded_shape, .prepare = padded_prepare, .run = padded_run},
    {"DecodeCompressed", .state_size = sizeof(Packing), .shape = shape_same, .init = compressed_init,
     .prepare = prepare_like, .run = compressed_run},
    {0}};
