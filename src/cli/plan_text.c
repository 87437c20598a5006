/* Plans as tables: columns as wide as what stands in them, up to a limit, behind which a cell pushes its
 * row. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cli/plan_view.h"
#include "cli/step_words.h"

enum { COLUMNS = 7, COLUMN_MAX = 64, INPUTS_SHOWN = 5 };

typedef struct Row {
  const char *cell[COLUMNS]; /* null: empty */
  struct Row *next;
} Row;

typedef struct Table {
  Arena arena;
  Row *first, **last;
  bool failed;
} Table;

static Row *add_row(Table *t) {
  Row *row = arena_calloc(&t->arena, 1, sizeof *row);
  if (!row) {
    t->failed = true;
    return NULL;
  }
  *t->last = row;
  t->last = &row->next;
  return row;
}

/* Takes the text of `b`. */
static const char *cell_of(Table *t, Bytes *b) {
  const char *text = b->data ? arena_strndup(&t->arena, b->data, b->size) : "";
  t->failed |= b->failed || !text;
  bytes_clear(b);
  return text;
}

static void put_table(const Table *t, Bytes *out) {
  int width[COLUMNS] = {0};
  for (const Row *r = t->first; r; r = r->next)
    for (int c = 0; c < COLUMNS; c++) {
      int len = r->cell[c] ? (int)strlen(r->cell[c]) : 0;
      if (len > COLUMN_MAX) len = COLUMN_MAX;
      if (len > width[c]) width[c] = len;
    }
  for (const Row *r = t->first; r; r = r->next) {
    int last = COLUMNS - 1, over = 0;
    while (last > 0 && !(r->cell[last] && *r->cell[last])) last--;
    for (int c = 0; c <= last; c++) {
      const char *text = r->cell[c] ? r->cell[c] : "";
      int len = (int)strlen(text), room = width[c] - over;
      if (!width[c]) continue;
      bytes_printf(out, c ? "  %s" : " %s", text);
      over = len > room ? len - room : 0;
      if (c < last && len < room) bytes_printf(out, "%*s", room - len, "");
    }
    bytes_putc(out, '\n');
  }
}

/* ---- cells ---- */

static const char *slot_cell(Table *t, const PlanView *v, int slot) {
  Bytes b = {0};
  char text[SHAPE_TEXT_MAX];
  const Tensor *shape = plan_view_shape(v, slot);
  const PlanSlot *s = &v->plan->slots[slot];
  bytes_printf(&b, "%%%d %s%s%s", slot, s->is_ref ? "ref " : "", dtype_name(s->dtype),
               shape       ? shape_text(shape->dims, shape->rank, text, sizeof text)
               : s->is_ref ? ""
                           : " ?");
  return cell_of(t, &b);
}

static void put_names(const PlanView *v, int slot, Bytes *b) {
  for (int i = 0; i < v->plan->num_fetches; i++) {
    if (v->plan->fetches[i] != slot) continue;
    if (v->fetch_names) bytes_printf(b, " -> %s", v->fetch_names[i]);
    else bytes_printf(b, " -> result %d", i);
  }
}

static const char *memory_cell(Table *t, const PlanView *v, int slot) {
  Bytes b = {0};
  char size[SIZE_TEXT_MAX];
  const SpecSlot *s = v->spec ? &v->spec->slots[slot] : NULL;
  const char *place = plan_view_place_word(v, slot);
  bytes_puts(&b, place);
  if (s && s->place == PLACE_ARENA && s->memory >= 0)
    bytes_printf(&b, " +%zu, %s", v->spec->uses[s->memory].offset,
                 size_text(plan_view_bytes(&s->shape), size));
  else if (s && s->place == PLACE_VIEW) bytes_printf(&b, " of %%%d", s->root);
  else if (!strcmp(place, "own")) bytes_printf(&b, ", %s", size_text(plan_view_bytes(&s->shape), size));
  put_names(v, slot, &b);
  return cell_of(t, &b);
}

static const char *call_cell(Table *t, const PlanStep *step) {
  Bytes b = {0};
  bytes_printf(&b, "%s(", step_op(step));
  for (int i = 0; i < step->num_inputs && i < INPUTS_SHOWN; i++)
    bytes_printf(&b, "%s%%%d", i ? ", " : "", step->inputs[i]);
  if (step->num_inputs > INPUTS_SHOWN) bytes_printf(&b, ", ... %d", step->num_inputs);
  bytes_putc(&b, ')');
  return cell_of(t, &b);
}

static const char *kernel_cell(Table *t, const PlanView *v, int i) {
  Bytes b = {0};
  char size[SIZE_TEXT_MAX];
  plan_view_put_kernel(v, i, &b);
  const SpecStep *s = v->spec ? &v->spec->steps[i] : NULL;
  if (s && s->mode == MODE_READY && s->scratch_size)
    bytes_printf(&b, "%sscratch %s", b.size ? ", " : "", size_text(s->scratch_size, size));
  return cell_of(t, &b);
}

static const char *name_cell(Table *t, const PlanStep *step) {
  Bytes b = {0}, functions = {0};
  plan_view_put_functions(step, &functions);
  bytes_puts(&b, step->name);
  if (functions.size) bytes_printf(&b, " {%s}", functions.data);
  bytes_clear(&functions);
  return cell_of(t, &b);
}

/* ---- sections ---- */

static void add_step(Table *t, const PlanView *v, int i) {
  const PlanStep *step = &v->plan->steps[i];
  Row *row = add_row(t);
  if (!row) return;
  Bytes number = {0}, duty = {0};
  bytes_printf(&number, "%4d", i);
  bytes_printf(&duty, "%s%s", plan_view_duty_word(plan_view_duty(v, i)), step->maybe_dead ? "?" : "");
  row->cell[0] = cell_of(t, &number);
  row->cell[1] = cell_of(t, &duty);
  row->cell[2] = call_cell(t, step);
  row->cell[5] = kernel_cell(t, v, i);
  row->cell[6] = name_cell(t, step);
  for (int k = 0; k < step->num_outputs; k++) {
    if (k && !(row = add_row(t))) return;
    row->cell[3] = slot_cell(t, v, step->first_output + k);
    row->cell[4] = memory_cell(t, v, step->first_output + k);
  }
}

static void put_steps(const PlanView *v, Bytes *out) {
  static const char *const heads[COLUMNS] = {"step", "mode", "op", "output", "memory", "kernel", "node"};
  Table t = {0};
  t.last = &t.first;
  Row *head = add_row(&t);
  for (int c = 0; head && c < COLUMNS; c++) head->cell[c] = heads[c];
  for (int i = 0; i < v->plan->num_steps; i++) add_step(&t, v, i);
  put_table(&t, out);
  out->failed |= t.failed;
  arena_clear(&t.arena);
}

static bool is_wanted(const PlanSlot *s) { return s->last_step >= 0 || s->fetched; }

/* A value that is kept: the plan's, or one that the spec found. */
static const Tensor *value_at(const PlanView *v, int slot) {
  const PlanSlot *s = &v->plan->slots[slot];
  if (s->value.dtype) return is_wanted(s) ? &s->value : NULL;
  const SpecSlot *found = v->spec ? &v->spec->slots[slot] : NULL;
  return found && found->place == PLACE_VALUE && found->needed && !s->is_ref ? &found->shape : NULL;
}

static void put_values(const PlanView *v, Bytes *out) {
  Table t = {0};
  t.last = &t.first;
  char size[SIZE_TEXT_MAX];
  for (int i = 0; i < v->plan->num_slots; i++) {
    const PlanSlot *s = &v->plan->slots[i];
    const Tensor *value = value_at(v, i);
    Row *row = value ? add_row(&t) : NULL;
    if (!row) continue;
    Bytes b = {0};
    row->cell[0] = slot_cell(&t, v, i);
    bytes_printf(&b, "%s", size_text(plan_view_bytes(value), size));
    put_names(v, i, &b);
    row->cell[1] = cell_of(&t, &b);
    row->cell[2] = s->source ? s->source : s->step >= 0 ? v->plan->steps[s->step].name : "";
  }
  if (t.first) bytes_puts(out, "\n values\n");
  put_table(&t, out);
  out->failed |= t.failed;
  arena_clear(&t.arena);
}

static void put_feeds(const PlanView *v, Bytes *out) {
  Table t = {0};
  t.last = &t.first;
  for (int i = 0; i < v->plan->num_feeds; i++) {
    Row *row = v->plan->feeds[i] >= 0 ? add_row(&t) : NULL;
    if (!row) continue;
    Bytes b = {0};
    if (v->feed_names) bytes_puts(&b, v->feed_names[i]);
    else bytes_printf(&b, "argument %d", i);
    put_names(v, v->plan->feeds[i], &b);
    row->cell[0] = slot_cell(&t, v, v->plan->feeds[i]);
    row->cell[1] = cell_of(&t, &b);
  }
  if (t.first) bytes_puts(out, " feeds\n");
  put_table(&t, out);
  if (t.first) bytes_putc(out, '\n');
  out->failed |= t.failed;
  arena_clear(&t.arena);
}

static void put_summary(const PlanView *v, Bytes *out) {
  const Plan *p = v->plan;
  int duties[DUTY_COUNT] = {0}, values = 0;
  size_t bytes = 0;
  char size[SIZE_TEXT_MAX];
  for (int i = 0; i < p->num_steps; i++) duties[plan_view_duty(v, i)]++;
  for (int i = 0; i < p->num_slots; i++) {
    const Tensor *value = value_at(v, i);
    values += value != NULL;
    bytes += value ? plan_view_bytes(value) : 0;
  }
  bytes_printf(out, " %d step%s", p->num_steps, p->num_steps == 1 ? "" : "s");
  const char *lead = ": ";
  for (int d = DUTY_READY; d < DUTY_COUNT; d++) {
    if (!duties[d]) continue;
    bytes_printf(out, "%s%d %s", lead, duties[d], plan_view_duty_word((StepDuty)d));
    lead = ", ";
  }
  bytes_printf(out, "; %d value%s, %s", values, values == 1 ? "" : "s", size_text(bytes, size));
  if (v->spec) bytes_printf(out, "; arena of %s\n", size_text(v->spec->block_size, size));
  else bytes_puts(out, "; not specialised\n");
}

void plan_view_put_text(const PlanView *v, Bytes *out) {
  if (v->name) bytes_printf(out, "\nplan of %s\n", v->name);
  put_summary(v, out);
  bytes_putc(out, '\n');
  put_feeds(v, out);
  if (v->plan->num_steps) put_steps(v, out);
  put_values(v, out);
}

void plan_view_put_legend(Bytes *out) {
  bytes_puts(
      out,
      "\nmode    ready: computes, all prepared. nothing: its output is its input. frozen: reads a variable "
      "that\n"
      "        nothing here changes. known: follows from shapes, constants and frozen variables. unused: "
      "nobody\n"
      "        wants it. guarded, general: prepared in each run; guarded: later steps rely on the shape it "
      "had.\n"
      "        ?: may be dead.\n"
      "memory  arena: at that offset of the run's block. own: given away. view: of another slot's memory.\n"
      "        value: a constant, computed once. run: made by the step in each run.\n");
}
