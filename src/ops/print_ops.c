/* Print, PrintV2 and StringFormat: tensors shown as text. What is printed goes where the session's
 * environment says, else to the process's own streams; files are appended to where the model may write them.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ops/array_util.h"
#include "ops/string_util.h"
#include "ops/value_text.h"

static void print_text(const OpCtx *c, const char *text, size_t size, bool to_stdout) {
  if (c->env && c->env->print) {
    c->env->print(c->env->print_arg, text, size, to_stdout);
    return;
  }
  FILE *f = to_stdout ? stdout : stderr;
  fwrite(text, 1, size, f);
  fflush(f);
}

/* ---- Print: hands its input on ---- */

/* How often a Print of a session has printed. */
typedef struct PrintCount {
  Object object;
  atomic_llong count;
} PrintCount;

static void count_destroy(Object *o) { free(o); }
static const ObjectType count_type = {"PrintCount", count_destroy};

static TF_Code count_create(void *arg, Object **out, TF_Status *st) {
  (void)arg;
  PrintCount *p = calloc(1, sizeof *p);
  if (!p) return fail_oom(st, "a count of prints");
  object_init(&p->object, &count_type);
  *out = &p->object;
  return TF_OK;
}

typedef struct PrintState {
  Span message;
  int64_t first_n, summarize;
  PrintCount *printed; /* where first_n limits */
} PrintState;

static TF_Code print_init(OpInit *k, TF_Status *st) {
  PrintState *s = k->state;
  Object *o = NULL;
  TRY(node_attr_string(k->node, "message", &s->message, st));
  TRY(node_attr_int(k->node, "first_n", &s->first_n, st));
  TRY(node_attr_int(k->node, "summarize", &s->summarize, st));
  if (s->first_n < 0) return TF_OK;
  if (k->resources) TRY(op_session_state(k, &count_type, count_create, NULL, &o, st));
  else TRY(count_create(NULL, &o, st)); /* a kernel run by itself */
  s->printed = (PrintCount *)o;
  return TF_OK;
}

static void print_clear(void *state) { object_unref(((PrintState *)state)->printed); }

static TF_Code print_prepare(OpCtx *c, TF_Status *st) {
  return op_output_alias(c, 0, 0, op_input(c, 0)->dims, op_input(c, 0)->rank, st);
}

static TF_Code print_run(OpCtx *c, TF_Status *st) {
  const PrintState *s = c->state;
  Bytes b = {0};
  if (s->printed && atomic_fetch_add(&s->printed->count, 1) >= s->first_n) return TF_OK;
  bytes_append(&b, s->message.data, s->message.size);
  for (int i = 1; i < c->num_inputs; i++) {
    bytes_putc(&b, '[');
    value_text_flat(&b, op_input(c, i), s->summarize);
    bytes_putc(&b, ']');
  }
  bytes_putc(&b, '\n');
  TF_Code code = bytes_finish(&b, "a message", st);
  if (!code) print_text(c, b.data, b.size, false);
  bytes_clear(&b);
  return code;
}

/* ---- PrintV2 ---- */

typedef enum PrintTo { TO_STDOUT, TO_STDERR, TO_LOG_INFO, TO_LOG_WARNING, TO_LOG_ERROR, TO_FILE } PrintTo;

typedef struct PrintV2State {
  PrintTo to;
  const char *path; /* TO_FILE */
  Span end;
} PrintV2State;

static TF_Code print_v2_init(OpInit *k, TF_Status *st) {
  static const char *const names[] = {"stdout", "stderr", "log(info)", "log(warning)", "log(error)"};
  PrintV2State *s = k->state;
  Span to;
  TRY(node_attr_string(k->node, "output_stream", &to, st));
  TRY(node_attr_string(k->node, "end", &s->end, st));
  for (size_t i = 0; i < SM_COUNTOF(names); i++) {
    s->to = (PrintTo)i;
    if (to.size == strlen(names[i]) && memcmp(to.data, names[i], to.size) == 0) return TF_OK;
  }
  const char *text = to.data;
  size_t prefix = strlen("file://");
  if (to.size >= prefix && memcmp(text, "file://", prefix) == 0 && !memchr(text, 0, to.size)) {
    text += prefix;
    to.size -= prefix;
  }
  if (text != to.data && to.size) {
    s->to = TO_FILE;
    s->path = arena_strndup(k->arena, text, to.size);
    return s->path ? TF_OK : fail_oom(st, "a path");
  }
  return fail(
      st, TF_INVALID_ARGUMENT,
      "Unknown output stream: %.*s, Valid streams are: stdout stderr log(info) log(warning) log(error)",
      (int)to.size, text ? text : "");
}

static TF_Code print_to_file(OpCtx *c, const char *path, const Bytes *b, TF_Status *st) {
  if (c->env) TRY(step_check_file(c->env, path, strlen(path), true, st));
  /* Not to wait for who reads a pipe. */
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
  FILE *f = fd < 0 ? NULL : fdopen(fd, "ab");
  if (!f && fd >= 0) close(fd);
  if (!f) return fail(st, TF_FAILED_PRECONDITION, "Opening file: %s for appending failed.", path);
  bool ok = fwrite(b->data, 1, b->size, f) == b->size;
  ok = fclose(f) == 0 && ok;
  return ok ? TF_OK : fail(st, TF_FAILED_PRECONDITION, "Writing to file: %s failed.", path);
}

static TF_Code print_v2_run(OpCtx *c, TF_Status *st) {
  const PrintV2State *s = c->state;
  const Tensor *in = op_input(c, 0);
  char text[SHAPE_TEXT_MAX];
  if (in->rank != 0)
    return fail(st, TF_INVALID_ARGUMENT, "Input is expected to be scalar, but got %s",
                shape_text(in->dims, in->rank, text, sizeof text));
  Span value = string_at(in, 0);
  Bytes b = {0};
  bytes_append(&b, value.data, value.size);
  bytes_append(&b, s->end.data, s->end.size);
  TF_Code code = bytes_finish(&b, "a message", st);
  int size = b.size > 1 << 20 ? 1 << 20 : (int)b.size;
  if (!code) switch (s->to) {
      case TO_STDOUT:
      case TO_STDERR: print_text(c, b.data, b.size, s->to == TO_STDOUT); break;
      case TO_LOG_INFO: log_info("%.*s", size, b.data); break;
      case TO_LOG_WARNING: log_warning("%.*s", size, b.data); break;
      case TO_LOG_ERROR: log_error("%.*s", size, b.data); break;
      case TO_FILE: code = print_to_file(c, s->path, &b, st); break;
    }
  bytes_clear(&b);
  return code;
}

static TF_Code print_v2_shape(ShapeCtx *c, TF_Status *st) {
  if (c->inputs[0]->rank <= 0) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "input must be a scalar, but has rank: %d", c->inputs[0]->rank);
}

/* ---- StringFormat: a tensor in the place of each placeholder ---- */

typedef struct FormatState {
  Span text, placeholder;
  int64_t summarize;
} FormatState;

/* The next placeholder at or behind `from`, or null. */
static const char *find_placeholder(const FormatState *s, const char *from) {
  const char *end = (const char *)s->text.data + s->text.size;
  size_t size = s->placeholder.size;
  for (; (size_t)(end - from) >= size && from < end; from++)
    if (memcmp(from, s->placeholder.data ? s->placeholder.data : "", size) == 0) return from;
  return NULL;
}

static TF_Code format_read(FormatState *s, const Node *node, TF_Status *st) {
  int found = 0;
  TRY(node_attr_string(node, "template", &s->text, st));
  TRY(node_attr_string(node, "placeholder", &s->placeholder, st));
  TRY(node_attr_int(node, "summarize", &s->summarize, st));
  const char *at = s->text.size ? s->text.data : NULL;
  while (at && (at = find_placeholder(s, at))) {
    found++;
    at += s->placeholder.size ? s->placeholder.size : 1;
  }
  /* TF: an empty placeholder stands between characters. */
  if (!s->placeholder.size && found > 0) found--;
  if (found == node->num_inputs) return TF_OK;
  return fail(st, TF_INVALID_ARGUMENT, "num placeholders in template and num inputs must match: %d vs. %d",
              found, node->num_inputs);
}

static TF_Code format_init(OpInit *k, TF_Status *st) { return format_read(k->state, k->node, st); }

static TF_Code format_shape(ShapeCtx *c, TF_Status *st) {
  FormatState s;
  TRY(format_read(&s, c->node, st));
  c->outputs[0] = shape_rank0();
  return TF_OK;
}

static TF_Code format_run(OpCtx *c, TF_Status *st) {
  const FormatState *s = c->state;
  Bytes b = {0};
  const char *at = s->text.data, *end = at ? at + s->text.size : at;
  for (int i = 0; i < c->num_inputs; i++) {
    const char *found = s->placeholder.size ? find_placeholder(s, at) : at + 1;
    bytes_append(&b, at, (size_t)(found - at));
    value_text_framed(&b, op_input(c, i), s->summarize);
    at = found + s->placeholder.size;
  }
  if (at) bytes_append(&b, at, (size_t)(end - at));
  TF_Code code = string_put_bytes(&c->outputs[0], 0, &b, st);
  bytes_clear(&b);
  return code;
}

const OpRow ops_print_ops[] = {
    {"Print", .flags = OP_STATEFUL, .state_size = sizeof(PrintState), .shape = shape_same, .init = print_init,
     .prepare = print_prepare, .run = print_run, .clear = print_clear},
    {"PrintV2", .flags = OP_STATEFUL | OP_BLOCKING, .state_size = sizeof(PrintV2State),
     .shape = print_v2_shape, .init = print_v2_init, .run = print_v2_run},
    {"StringFormat", .state_size = sizeof(FormatState), .shape = format_shape, .init = format_init,
     .prepare = prepare_scalar, .run = format_run},
    {0}};
