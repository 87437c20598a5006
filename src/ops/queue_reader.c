/* Readers of TensorFlow 1: they take names of files from a queue and give records, a key and a value each.
 * State of the session: the file under way and where in it. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/array_util.h"
#include "ops/named_object.h"
#include "ops/queue_object.h"
#include "ops/state_vars.h"
#include "wire/tfrecord.h"

typedef enum ReaderKind {
  READER_LINES,
  READER_FIXED,
  READER_RECORDS,
  READER_WHOLE,
  READER_IDENTITY
} ReaderKind;

typedef struct ReaderSpec {
  ReaderKind kind;
  const char *node;
  int64_t skip_lines;                  /* lines */
  int64_t header, record, footer, hop; /* bytes of fixed records */
  TfrecordCompression compression;
} ReaderSpec;

typedef struct Reader {
  Object object;
  pthread_mutex_t lock;
  ReaderSpec spec;
  char *work;   /* the file under way, or null */
  FileMap *map; /* its bytes, but for records */
  TfrecordReader records;
  uint64_t at;    /* where the next record begins */
  int64_t number; /* of it */
  int64_t produced, started, finished;
} Reader;

static void end_work(Reader *r) {
  file_map_unref(r->map);
  if (r->spec.kind == READER_RECORDS && r->work) tfrecord_close(&r->records);
  free(r->work);
  r->work = NULL;
  r->map = NULL;
}

static void reader_destroy(Object *o) {
  Reader *r = (Reader *)o;
  end_work(r);
  pthread_mutex_destroy(&r->lock);
  free(r);
}

static const ObjectType reader_type = {"N10tensorflow15ReaderInterfaceE", reader_destroy};

/* ---- making one ---- */

static TF_Code create_reader(void *arg, Object **out, TF_Status *st) {
  Reader *r = calloc(1, sizeof *r);
  if (!r) return fail_oom(st, "a reader");
  object_init(&r->object, &reader_type);
  pthread_mutex_init(&r->lock, NULL);
  r->spec = *(const ReaderSpec *)arg;
  *out = &r->object;
  return TF_OK;
}

static TF_Code read_fixed(const Node *node, ReaderSpec *s, TF_Status *st) {
  TRY(node_attr_int(node, "header_bytes", &s->header, st));
  TRY(node_attr_int(node, "record_bytes", &s->record, st));
  TRY(node_attr_int(node, "footer_bytes", &s->footer, st));
  TRY(node_attr_int(node, "hop_bytes", &s->hop, st));
  if (s->header < 0)
    return fail(st, TF_INVALID_ARGUMENT, "header_bytes must be >= 0 not %lld", (long long)s->header);
  if (s->record < 0)
    return fail(st, TF_INVALID_ARGUMENT, "record_bytes must be >= 0 not %lld", (long long)s->record);
  if (s->footer < 0)
    return fail(st, TF_INVALID_ARGUMENT, "footer_bytes must be >= 0 not %lld", (long long)s->footer);
  if (s->hop < 0) return fail(st, TF_INVALID_ARGUMENT, "hop_bytes must be >= 0 not %lld", (long long)s->hop);
  if (s->record == 0) return fail(st, TF_UNIMPLEMENTED, "records of no bytes");
  if (!s->hop) s->hop = s->record;
  Span encoding = {0};
  if (!node_attr(node, "encoding")) /* TF: the old op never gets its kernel */
    return fail(st, TF_NOT_FOUND, "No attr named 'encoding' in NodeDef:");
  TRY(node_attr_string(node, "encoding", &encoding, st));
  return encoding.size ? fail(st, TF_UNIMPLEMENTED, "a FixedLengthRecordReader of compressed files") : TF_OK;
}

static TF_Code read_spec(OpInit *k, ReaderSpec *s, TF_Status *st) {
  const char *op = k->node->op;
  Span text;
  if (!strncmp(op, "TextLine", 8)) {
    s->kind = READER_LINES;
    return node_attr_int(k->node, "skip_header_lines", &s->skip_lines, st);
  }
  if (!strncmp(op, "Fixed", 5)) {
    s->kind = READER_FIXED;
    return read_fixed(k->node, s, st);
  }
  s->kind = !strncmp(op, "TFRecord", 8) ? READER_RECORDS
            : !strncmp(op, "Whole", 5)  ? READER_WHOLE
                                        : READER_IDENTITY;
  if (s->kind != READER_RECORDS) return TF_OK;
  TRY(node_attr_string(k->node, "compression_type", &text, st));
  if (text.size == 4 && !memcmp(text.data, "GZIP", 4)) s->compression = TFRECORD_GZIP;
  else if (text.size == 4 && !memcmp(text.data, "ZLIB", 4)) s->compression = TFRECORD_ZLIB;
  return TF_OK;
}

static TF_Code reader_init(OpInit *k, TF_Status *st) {
  NamedObject *s = k->state;
  ReaderSpec spec = {.node = k->name};
  const char *container, *name;
  TRY(read_spec(k, &spec, st));
  TRY(state_names(k, &container, &name, st));
  TRY(resource_find_or_create(k->resources, &reader_type, container, name, create_reader, &spec, &s->object,
                              st));
  if (((const Reader *)s->object)->spec.kind != spec.kind)
    return fail(st, TF_INVALID_ARGUMENT, "reader %s is shared with an op of another kind", name);
  return named_object_handle(k, container, name, st);
}

/* ---- files ---- */

/* The end of the line that starts at `at`. */
static size_t line_end(Span file, size_t at) {
  const char *end = at < file.size ? memchr((const char *)file.data + at, '\n', file.size - at) : NULL;
  return end ? (size_t)(end - (const char *)file.data) : file.size;
}

static TF_Code open_file(Reader *r, const StepEnv *env, TF_Status *st) {
  if (r->spec.kind == READER_IDENTITY) return TF_OK;
  TRY(step_check_file(env, r->work, strlen(r->work), false, st));
  if (r->spec.kind == READER_RECORDS) {
    size_t limit = env->memory_limit ? env->memory_limit : SIZE_MAX / 2;
    if (r->spec.compression == TFRECORD_PLAIN) return tfrecord_open(&r->records, r->work, st);
    return tfrecord_open_compressed(&r->records, r->work, r->spec.compression, limit, st);
  }
  return file_map_open(&r->map, r->work, st);
}

static TF_Code begin_work(Reader *r, const StepEnv *env, Tensor *name, TF_Status *st) {
  size_t size;
  const char *data = tstring_data(name->data, &size);
  if (memchr(data, 0, size)) return fail(st, TF_INVALID_ARGUMENT, "file name with a NUL byte inside");
  r->work = strndup(data, size);
  if (!r->work) return fail_oom(st, "a file name");
  TF_Code code = open_file(r, env, st);
  if (code) {
    if (r->spec.kind == READER_RECORDS) r->records = (TfrecordReader){0};
    end_work(r);
    return code;
  }
  r->started++;
  r->at = (uint64_t)r->spec.header;
  r->number = 0;
  for (int64_t i = 0; r->spec.kind == READER_LINES && i < r->spec.skip_lines; i++) {
    Span file = file_map_span(r->map);
    if (r->at >= file.size) break;
    r->at = line_end(file, (size_t)r->at) + 1;
    r->number++;
  }
  return TF_OK;
}

/* ---- records ---- */

typedef struct Record {
  char numbered[PATH_MAX + 32]; /* the file's name and where in it: what `key` is of most readers */
  Span key, value;
} Record;

static bool next_line(Reader *r, Span file, Record *out) {
  if (r->at >= file.size) return false;
  size_t end = line_end(file, (size_t)r->at), stop = end;
  if (stop > r->at && ((const char *)file.data)[stop - 1] == '\r') stop--;
  out->value = (Span){(const char *)file.data + r->at, stop - (size_t)r->at};
  r->at = end + 1;
  snprintf(out->numbered, sizeof out->numbered, "%s:%lld", r->work, (long long)++r->number);
  return true;
}

static bool next_fixed(Reader *r, Span file, Record *out) {
  uint64_t footer = (uint64_t)r->spec.footer, size = (uint64_t)r->spec.record;
  if (file.size < footer || r->at > file.size - footer || file.size - footer - r->at < size) return false;
  out->value = (Span){(const char *)file.data + r->at, (size_t)size};
  r->at += (uint64_t)r->spec.hop;
  snprintf(out->numbered, sizeof out->numbered, "%s:%lld", r->work, (long long)r->number++);
  return true;
}

/* The next record of the file under way; *found is false at its end. */
static TF_Code next_record(Reader *r, Record *out, bool *found, TF_Status *st) {
  Span file = r->map ? file_map_span(r->map) : (Span){0};
  bool end = false;
  out->key = (Span){NULL, 0}; /* numbered */
  switch (r->spec.kind) {
    case READER_LINES: *found = next_line(r, file, out); return TF_OK;
    case READER_FIXED: *found = next_fixed(r, file, out); return TF_OK;
    case READER_RECORDS:
      snprintf(out->numbered, sizeof out->numbered, "%s:%llu", r->work, (unsigned long long)r->records.at);
      TRY(tfrecord_next(&r->records, &out->value, &end, st));
      *found = !end;
      return TF_OK;
    case READER_WHOLE:
    case READER_IDENTITY:
      *found = r->number++ == 0;
      out->key = (Span){r->work, strlen(r->work)};
      out->value = r->spec.kind == READER_WHOLE ? file : out->key;
      return TF_OK;
  }
  return TF_OK;
}

/* Makes sure that there is a record, from the next file if need be. `wait`: for the queue, too. */
static TF_Code find_record(Reader *r, Queue *q, const StepEnv *env, Record *out, TF_Status *st) {
  for (;;) {
    bool found = false;
    if (r->work) TRY(next_record(r, out, &found, st));
    if (found) {
      r->produced++;
      return TF_OK;
    }
    if (r->work) {
      end_work(r);
      r->finished++;
    }
    Tensor name = {0};
    TRY(queue_dequeue(q, env, &name, 1, st));
    TF_Code code = begin_work(r, env, &name, st);
    tensor_clear(&name);
    if (code) return code;
  }
}

static TF_Code store_record(const Record *r, TF_TString *key, TF_TString *value, TF_Status *st) {
  Span name = r->key.data ? r->key : (Span){r->numbered, strlen(r->numbered)};
  bool ok = tstring_set(key, name.data, name.size) &&
            tstring_set(value, r->value.size ? r->value.data : "", r->value.size);
  return ok ? TF_OK : fail_oom(st, "a record");
}

static TF_Code read_one(OpCtx *c, Reader *r, Queue *q, TF_Status *st) {
  Record record;
  TRY(op_alloc_output(c, 0, TF_STRING, op_input(c, 0)->dims, 0, st));
  TRY(op_alloc_output(c, 1, TF_STRING, op_input(c, 0)->dims, 0, st));
  TRY(find_record(r, q, c->env, &record, st));
  return store_record(&record, c->outputs[0].data, c->outputs[1].data, st);
}

/* TF: what one file still has, at most `n`; the next file is for the next call. */
static TF_Code read_some(OpCtx *c, Reader *r, Queue *q, TF_Status *st) {
  const Tensor *wanted = op_input(c, 2);
  if (tensor_count(wanted) != 1) return fail(st, TF_INVALID_ARGUMENT, "num_records must be a scalar");
  int64_t n = *(const int64_t *)wanted->data, count = 0, cap = 0;
  Tensor keys = {0}, values = {0};
  TF_Code code = TF_OK;
  Record record;
  bool found = true;
  for (; !code && found && count < n;) {
    code = count ? next_record(r, &record, &found, st) : find_record(r, q, c->env, &record, st);
    if (code || !found) break;
    if (count) r->produced++;
    if (count == cap) {
      Tensor more[2] = {{0}, {0}};
      cap = cap ? 2 * cap : 16;
      for (int k = 0; !code && k < 2; k++) {
        Tensor *old = k ? &values : &keys;
        code = tensor_alloc(&more[k], TF_STRING, &cap, 1, st);
        if (!code && count) code = elements_copy(TF_STRING, more[k].data, old->data, count, st);
        tensor_clear(old);
        tensor_move(old, &more[k]);
      }
    }
    if (!code)
      code = store_record(&record, (TF_TString *)keys.data + count, (TF_TString *)values.data + count, st);
    count++;
  }
  if (!code && !found) {
    end_work(r);
    r->finished++;
  }
  for (int k = 0; !code && k < 2; k++) {
    code = op_alloc_output(c, k, TF_STRING, &count, 1, st);
    if (!code && count)
      code = elements_copy(TF_STRING, c->outputs[k].data, k ? values.data : keys.data, count, st);
  }
  tensor_clear(&keys);
  tensor_clear(&values);
  return code;
}

/* ---- ops ---- */

/* Who reads may wait for the queue with the lock held: others look now and then whether their step is to
 * end. */
static TF_Code lock_reader(Reader *r, const StepEnv *env, TF_Status *st) {
  enum { MOMENT_NS = 10000000 };
  for (;;) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MOMENT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (!pthread_mutex_timedlock(&r->lock, &until)) return TF_OK;
    TRY(step_check(env, st));
  }
}

static TF_Code with_reader(OpCtx *c, TF_Code (*f)(OpCtx *, Reader *, Queue *, TF_Status *), bool has_queue,
                           TF_Status *st) {
  Object *o;
  Queue *q = NULL;
  TRY(named_object_of_input(c, 0, &reader_type, &o, st));
  Reader *r = (Reader *)o;
  TF_Code code = has_queue ? queue_of_input(c, 1, &q, st) : TF_OK;
  if (!code && q &&
      (q->spec.num_components != 1 || q->spec.types[0] != TF_STRING ||
       (q->spec.num_shapes && q->spec.shapes[0].rank != 0)))
    code = fail(st, TF_INVALID_ARGUMENT, "Expected queue of scalar strings");
  if (!code) code = lock_reader(r, c->env, st);
  if (!code) {
    code = f(c, r, q, st);
    pthread_mutex_unlock(&r->lock);
  }
  object_unref(q);
  object_unref(o);
  return code;
}

static TF_Code ask_produced(OpCtx *c, Reader *r, Queue *q, TF_Status *st) {
  (void)q, (void)st;
  *(int64_t *)c->outputs[0].data = r->produced;
  return TF_OK;
}

static TF_Code ask_finished(OpCtx *c, Reader *r, Queue *q, TF_Status *st) {
  (void)q, (void)st;
  *(int64_t *)c->outputs[0].data = r->finished;
  return TF_OK;
}

static TF_Code reset(OpCtx *c, Reader *r, Queue *q, TF_Status *st) {
  (void)c, (void)q, (void)st;
  end_work(r);
  r->produced = r->started = r->finished = 0;
  return TF_OK;
}

static TF_Code read_run(OpCtx *c, TF_Status *st) { return with_reader(c, read_one, true, st); }
static TF_Code read_up_to_run(OpCtx *c, TF_Status *st) { return with_reader(c, read_some, true, st); }
static TF_Code produced_run(OpCtx *c, TF_Status *st) { return with_reader(c, ask_produced, false, st); }
static TF_Code finished_run(OpCtx *c, TF_Status *st) { return with_reader(c, ask_finished, false, st); }
static TF_Code reset_run(OpCtx *c, TF_Status *st) { return with_reader(c, reset, false, st); }
#define BOTH(NAME, ...) \
  {NAME, __VA_ARGS__}, { NAME "V2", __VA_ARGS__ }
#define WAITS OP_STATEFUL | OP_DYNAMIC | OP_BLOCKING

const OpRow ops_queue_reader[] = {
    {"TextLineReader", NAMED_OBJECT_REF(reader_init)},
    {"TextLineReaderV2", NAMED_OBJECT_HANDLE(reader_init)},
    {"FixedLengthRecordReader", NAMED_OBJECT_REF(reader_init)},
    {"FixedLengthRecordReaderV2", NAMED_OBJECT_HANDLE(reader_init)},
    {"TFRecordReader", NAMED_OBJECT_REF(reader_init)},
    {"TFRecordReaderV2", NAMED_OBJECT_HANDLE(reader_init)},
    {"WholeFileReader", NAMED_OBJECT_REF(reader_init)},
    {"WholeFileReaderV2", NAMED_OBJECT_HANDLE(reader_init)},
    {"IdentityReader", NAMED_OBJECT_REF(reader_init)},
    {"IdentityReaderV2", NAMED_OBJECT_HANDLE(reader_init)},
    BOTH("ReaderRead", .flags = WAITS, .shape = shape_scalar, .run = read_run),
    BOTH("ReaderReadUpTo", .flags = WAITS, .shape = shape_unknown_outputs, .run = read_up_to_run),
    BOTH("ReaderNumRecordsProduced", .flags = OP_STATEFUL, .shape = shape_scalar, .prepare = prepare_scalar,
         .run = produced_run),
    BOTH("ReaderNumWorkUnitsCompleted", .flags = OP_STATEFUL, .shape = shape_scalar,
         .prepare = prepare_scalar, .run = finished_run),
    BOTH("ReaderReset", .flags = OP_STATEFUL, .shape = shape_none, .run = reset_run),
    {0}};
