/* Plans as JSON. */
#include <string.h>

#include "cli/plan_view.h"
#include "cli/step_words.h"

static void put_key(JsonWriter *w, const char *key) { json_key(w, key, strlen(key)); }

static void put_word(JsonWriter *w, const char *key, const char *word) {
  put_key(w, key);
  json_write_cstring(w, word);
}

static void put_int(JsonWriter *w, const char *key, int64_t v) {
  put_key(w, key);
  json_write_i64(w, v);
}

static void put_ints(JsonWriter *w, const char *key, const int *list, int count) {
  put_key(w, key);
  json_begin_array(w);
  for (int i = 0; i < count; i++) json_write_i64(w, list[i]);
  json_end_array(w);
}

static void put_text(JsonWriter *w, const char *key, Bytes *text) {
  if (text->size) put_word(w, key, text->data);
  bytes_clear(text);
}

static void put_step(const PlanView *v, int i, JsonWriter *w) {
  const PlanStep *step = &v->plan->steps[i];
  const SpecStep *s = v->spec ? &v->spec->steps[i] : NULL;
  Bytes kernel = {0}, functions = {0};
  plan_view_put_kernel(v, i, &kernel);
  plan_view_put_functions(step, &functions);
  json_begin_object(w);
  put_int(w, "step", i);
  put_word(w, "op", step_op(step));
  put_word(w, "node", step->name);
  if (s) put_word(w, "mode", plan_view_duty_word(plan_view_duty(v, i)));
  put_text(w, "kernel", &kernel);
  put_text(w, "functions", &functions);
  put_ints(w, "inputs", step->inputs, step->num_inputs);
  put_key(w, "outputs");
  json_begin_array(w);
  for (int k = 0; k < step->num_outputs; k++) json_write_i64(w, step->first_output + k);
  json_end_array(w);
  if (step->num_controls) put_ints(w, "dies_with", step->controls, step->num_controls);
  put_key(w, "may_be_dead");
  json_write_bool(w, step->maybe_dead);
  if (s && s->mode == MODE_READY && s->scratch_size) put_int(w, "scratch_bytes", (int64_t)s->scratch_size);
  json_end_object(w);
}

static void put_slot(const PlanView *v, int i, JsonWriter *w) {
  const PlanSlot *p = &v->plan->slots[i];
  const SpecSlot *s = v->spec ? &v->spec->slots[i] : NULL;
  const Tensor *shape = plan_view_shape(v, i);
  json_begin_object(w);
  put_int(w, "slot", i);
  put_word(w, "dtype", dtype_name(p->dtype));
  put_key(w, "shape");
  if (shape) {
    json_begin_array(w);
    for (int k = 0; k < shape->rank; k++) json_write_i64(w, shape->dims[k]);
    json_end_array(w);
  } else {
    json_value(w);
    bytes_puts(w->out, "null");
  }
  put_word(w, "memory", plan_view_place_word(v, i));
  if (shape) put_int(w, "bytes", (int64_t)plan_view_bytes(shape));
  if (s && s->place == PLACE_ARENA && s->memory >= 0)
    put_int(w, "offset", (int64_t)v->spec->uses[s->memory].offset);
  if (s && s->place == PLACE_VIEW) put_int(w, "view_of", s->root);
  if (p->step >= 0) put_int(w, "step", p->step);
  if (p->source) put_word(w, "constant", p->source);
  json_end_object(w);
}

static void put_ends(JsonWriter *w, const char *key, const int *slots, const char *const *names, int count) {
  put_key(w, key);
  json_begin_array(w);
  for (int i = 0; i < count; i++) {
    json_begin_object(w);
    if (names) put_word(w, "name", names[i]);
    put_int(w, "slot", slots[i]);
    json_end_object(w);
  }
  json_end_array(w);
}

void plan_view_put_json(const PlanView *v, JsonWriter *w) {
  json_begin_object(w);
  if (v->name) put_word(w, "function", v->name);
  put_key(w, "specialized");
  json_write_bool(w, v->spec != NULL);
  if (v->spec) put_int(w, "arena_bytes", (int64_t)v->spec->block_size);
  put_ends(w, "feeds", v->plan->feeds, v->feed_names, v->plan->num_feeds);
  put_ends(w, "fetches", v->plan->fetches, v->fetch_names, v->plan->num_fetches);
  put_key(w, "steps");
  json_begin_array(w);
  for (int i = 0; i < v->plan->num_steps; i++) put_step(v, i, w);
  json_end_array(w);
  put_key(w, "slots");
  json_begin_array(w);
  for (int i = 0; i < v->plan->num_slots; i++) put_slot(v, i, w);
  json_end_array(w);
  json_end_object(w);
}
