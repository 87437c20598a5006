/* `savedmodel checkpoint print`: values of tensors as text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/float16.h"
#include "base/status_impl.h"
#include "cli/checkpoint_cmd.h"
#include "cli/cli.h"
#include "tensor/tensor.h"
#include "wire/json.h"

/* More would scroll away. */
enum { PRINT_ELEMENTS = 1000 };

/* Quoted; bytes that are no printable ASCII as \xHH. */
static void put_string(const TF_TString *s, Bytes *out) {
  size_t size;
  const char *data = tstring_data(s, &size);
  bytes_putc(out, '"');
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    if (c == '"' || c == '\\') bytes_printf(out, "\\%c", c);
    else if (c < 0x20 || c > 0x7e) bytes_printf(out, "\\x%02x", c);
    else bytes_putc(out, (char)c);
  }
  bytes_putc(out, '"');
}

static void put_complex(double re, double im, Bytes *out) { bytes_printf(out, "%.9g%+.9gj", re, im); }

static void put_element(TF_DataType dtype, const void *p, int64_t i, Bytes *out) {
  switch (dtype) {
    case TF_FLOAT: json_put_float(out, ((const float *)p)[i]); break;
    case TF_DOUBLE: json_put_double(out, ((const double *)p)[i]); break;
    case TF_HALF: json_put_float(out, half_to_float(((const uint16_t *)p)[i])); break;
    case TF_BFLOAT16: json_put_float(out, bfloat16_to_float(((const uint16_t *)p)[i])); break;
    case TF_COMPLEX64: put_complex(((const float *)p)[2 * i], ((const float *)p)[2 * i + 1], out); break;
    case TF_COMPLEX128: put_complex(((const double *)p)[2 * i], ((const double *)p)[2 * i + 1], out); break;
    case TF_BOOL: bytes_puts(out, ((const uint8_t *)p)[i] ? "true" : "false"); break;
    case TF_INT8:
    case TF_QINT8: bytes_printf(out, "%d", ((const int8_t *)p)[i]); break;
    case TF_INT4: bytes_printf(out, "%d", (int)((((const uint8_t *)p)[i] & 0xf) ^ 8) - 8); break;
    case TF_INT16:
    case TF_QINT16: bytes_printf(out, "%d", ((const int16_t *)p)[i]); break;
    case TF_INT32:
    case TF_QINT32: bytes_printf(out, "%" PRId32, ((const int32_t *)p)[i]); break;
    case TF_INT64: bytes_printf(out, "%" PRId64, ((const int64_t *)p)[i]); break;
    case TF_UINT16:
    case TF_QUINT16: bytes_printf(out, "%u", ((const uint16_t *)p)[i]); break;
    case TF_UINT32: bytes_printf(out, "%" PRIu32, ((const uint32_t *)p)[i]); break;
    case TF_UINT64: bytes_printf(out, "%" PRIu64, ((const uint64_t *)p)[i]); break;
    case TF_UINT8:
    case TF_QUINT8:
    case TF_UINT4: bytes_printf(out, "%u", ((const uint8_t *)p)[i]); break;
    case TF_STRING: put_string((const TF_TString *)p + i, out); break;
    default: bytes_printf(out, "0x%02x", ((const uint8_t *)p)[i]); break; /* float8 */
  }
}

void tensor_print(const TF_Tensor *t, size_t max, Bytes *out) {
  int64_t count = tensor_count(t), shown = (uint64_t)count < max ? count : (int64_t)max;
  int64_t block[TENSOR_MAX_RANK + 1]; /* elements below each level of nesting */
  block[t->rank] = 1;
  for (int i = t->rank - 1; i >= 0; i--) block[i] = block[i + 1] * t->dims[i];
  if (!count && t->rank) bytes_puts(out, "[]");
  for (int64_t i = 0; i < shown; i++) {
    int opened = 0;
    for (int level = 0; level < t->rank; level++) opened += i % block[level] == 0;
    if (opened && i) bytes_printf(out, ",\n%*s", t->rank - opened, "");
    else if (i) bytes_puts(out, ", ");
    for (int level = 0; level < opened; level++) bytes_putc(out, '[');
    put_element(t->dtype, t->data, i, out);
    for (int level = 0; level < t->rank; level++)
      if ((i + 1) % block[level] == 0) bytes_putc(out, ']');
  }
  if (shown < count) bytes_printf(out, " ... %" PRId64 " more", count - shown);
}

static TF_Code print_one(const CheckpointReader *r, const CheckpointEntry *e, size_t max, TF_Status *st) {
  TF_Tensor *t;
  Bytes out = {0}, name = {0};
  char shape[SHAPE_TEXT_MAX];
  TRY(checkpoint_read_entry(r, e, &t, st));
  bytes_printf(&out, "%s: %s %s\n", text_for_terminal(e->name, &name), dtype_name(t->dtype),
               shape_text(t->dims, t->rank, shape, sizeof shape));
  tensor_print(t, max, &out);
  TF_Code code = bytes_finish(&out, "the values as text", st);
  if (!code) printf("%s\n", out.data);
  bytes_clear(&out);
  bytes_clear(&name);
  TF_DeleteTensor(t);
  return code;
}

int checkpoint_print(int argc, char **argv) {
  bool all = false;
  const Option options[] = {
      {"all", OPTION_FLAG, &all, NULL, "print every element, not the first 1000 of each tensor"},
      {0}};
  const Usage usage = {"checkpoint print PREFIX [NAME...] [--all]",
                       "Prints the values of the named tensors, or of all: a line with name, dtype and "
                       "shape, then the elements.\n"
                       "String elements are quoted, with bytes that are not printable ASCII as \\xHH; float8 "
                       "ones are bytes.\n"};
  int early = options_parse(&argc, argv, options, &usage);
  if (early >= 0) return early;
  if (argc < 2) return cli_failf(argv[0], "wants a PREFIX (see savedmodel checkpoint print --help)");
  TF_Status st = {0};
  CheckpointReader *r;
  size_t max = all ? SIZE_MAX : PRINT_ELEMENTS;
  if (checkpoint_open_named(&r, argv[1], &st)) return cli_fail(argv[0], &st);
  for (size_t i = 0; argc == 2 && !st.code && i < checkpoint_reader_count(r); i++)
    print_one(r, checkpoint_reader_at(r, i), max, &st);
  for (int i = 2; !st.code && i < argc; i++) {
    const CheckpointEntry *e = checkpoint_reader_find(r, (Span){argv[i], strlen(argv[i])});
    if (e) print_one(r, e, max, &st);
    else fail(&st, TF_NOT_FOUND, "%s: there is no tensor '%s'", argv[1], argv[i]);
  }
  checkpoint_reader_free(r);
  return st.code ? cli_fail(argv[0], &st) : EXIT_OK;
}
