/* layers: ops */
/* Any bytes as an image file, through each op that decodes one. The first byte says which op and attributes;
 * what decodes is encoded again, and PNG must give the same pixels back. */
#include <stdlib.h>
#include <string.h>

#include "base/status_impl.h"
#include "ops/image_png.h"
#include "ops/op_eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 24 };

static Attr attr_int(const char *name, int64_t v) {
  return (Attr){.name = name, .kind = TF_ATTR_INT, .v.i = v};
}
static Attr attr_bool(const char *name, bool v) {
  return (Attr){.name = name, .kind = TF_ATTR_BOOL, .v.b = v};
}

/* All attributes that any of the ops has. */
static int set_attrs(Attr *a, int choice) {
  static const int channels[] = {0, 1, 3, 4};
  a[0] = attr_int("channels", channels[choice & 3]);
  a[1] = attr_int("ratio", 1 << (choice >> 2 & 3));
  a[2] = attr_bool("fancy_upscaling", choice & 4);
  a[3] = attr_bool("try_recover_truncated", choice & 8);
  a[4] = (Attr){.name = "acceptable_fraction", .kind = TF_ATTR_FLOAT, .v.f = choice & 16 ? 0.1f : 1};
  a[5] = (Attr){.name = "dct_method",
                .kind = TF_ATTR_STRING,
                .v.s = {"INTEGER_ACCURATE", choice & 4 ? 16 : 0}};
  a[6] = attr_bool("expand_animations", !(choice & 16));
  return 7;
}

static void run(const char *op, int choice, TF_DataType dtype, const Tensor *const *inputs, int num_inputs,
                Tensor *out) {
  Attr attrs[7];
  TF_DataType types[] = {TF_STRING, TF_INT32};
  Node node = {.name = "image",
               .op = op,
               .device = "",
               .attrs = attrs,
               .num_inputs = num_inputs,
               .num_outputs = 1,
               .input_types = types,
               .output_types = &dtype,
               .num_attrs = set_attrs(attrs, choice)};
  TF_Status st = {0};
  Arena arena = {0};
  OpScratch scratch = {0};
  Kernel kernel = {0};
  atomic_bool cancelled = false;
  StepEnv env = {.threads = 1, .memory_limit = MEMORY, .cancelled = &cancelled};
  int alias;
  OpInit init = {.node = &node, .name = "image", .arena = &arena};
  if (!kernel_init(&kernel, &init, &st)) {
    OpCtx c = {.node = &node,
               .row = kernel.row,
               .state = kernel.state,
               .num_inputs = num_inputs,
               .num_outputs = 1,
               .inputs = (const Tensor **)inputs,
               .outputs = out,
               .threads = 1,
               .env = &env,
               .aliases = &alias};
    op_eval(&c, &scratch, 0, &st);
  }
  kernel_clear(&kernel);
  op_scratch_clear(&scratch);
  arena_clear(&arena);
}

static void png_again(const Tensor *t) {
  if (t->rank != 3 || t->dtype == TF_FLOAT || tensor_count(t) == 0) return;
  int bits = t->dtype == TF_UINT8 ? 8 : 16;
  size_t size = (size_t)tensor_count(t) * (size_t)bits / 8;
  Bytes file = {0};
  if (!image_png_write(&file, t->data, t->dims[0], t->dims[1], (int)t->dims[2], bits, 1)) abort();
  void *pixels = malloc(size);
  ImagePng *png = image_png_open((Span){file.data, file.size}, 0, bits);
  if (!pixels || !png || !image_png_read(png, pixels) || memcmp(pixels, t->data, size) != 0) abort();
  image_png_close(png);
  free(pixels);
  bytes_clear(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct {
    const char *op;
    TF_DataType dtype;
  } ops[] = {{"DecodeImage", TF_UINT8},      {"DecodeJpeg", TF_UINT8},  {"DecodeAndCropJpeg", TF_UINT8},
             {"DecodePng", TF_UINT16},       {"DecodeImage", TF_FLOAT}, {"DecodeGif", TF_UINT8},
             {"ExtractJpegShape", TF_INT32}, {"DecodeBmp", TF_UINT8}};
  if (size < 2) return 0;
  TF_Status st = {0};
  Tensor file = {0}, window = {0}, out = {0};
  const Tensor *inputs[] = {&file, &window};
  if (tensor_alloc(&file, TF_STRING, NULL, 0, &st) || tensor_alloc(&window, TF_INT32, (int64_t[]){4}, 1, &st))
    abort();
  if (!tstring_set(file.data, data + 2, size - 2)) abort();
  for (int i = 0; i < 4; i++) ((int32_t *)window.data)[i] = (data[1] >> 2 * i & 3) * (i < 2 ? 5 : 7);
  const char *op = ops[data[0] & 7].op;
  run(op, data[0] >> 3, ops[data[0] & 7].dtype, inputs, strcmp(op, "DecodeAndCropJpeg") == 0 ? 2 : 1, &out);
  if (out.dtype) png_again(&out);
  tensor_clear(&file);
  tensor_clear(&window);
  tensor_clear(&out);
  return 0;
}
