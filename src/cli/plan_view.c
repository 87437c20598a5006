/* What plans and specs say, in words. */
#include "cli/plan_view.h"

#include <string.h>

static bool runs_at_all(const Spec *spec, int step) {
  for (int lo = 0, hi = spec->num_order; lo < hi;) { /* the order ascends */
    int mid = lo + (hi - lo) / 2;
    if (spec->order[mid] == step) return true;
    if (spec->order[mid] < step) lo = mid + 1;
    else hi = mid;
  }
  return false;
}

StepDuty plan_view_duty(const PlanView *v, int i) {
  const PlanStep *step = &v->plan->steps[i];
  if (!v->spec) return DUTY_UNKNOWN;
  const SpecStep *s = &v->spec->steps[i];
  for (const Frozen *f = v->spec->frozen; f; f = f->next)
    if (s->mode == MODE_SKIP && step->num_outputs == 1 && f->slot == step->first_output) return DUTY_FROZEN;
  if (s->mode == MODE_SKIP)
    return step->num_outputs && v->spec->slots[step->first_output].place == PLACE_VALUE ? DUTY_KNOWN
                                                                                        : DUTY_UNUSED;
  if (s->mode == MODE_READY) return runs_at_all(v->spec, i) ? DUTY_READY : DUTY_NOTHING;
  return s->guarded ? DUTY_GUARDED : DUTY_GENERAL;
}

const char *plan_view_duty_word(StepDuty duty) {
  static const char *const words[DUTY_COUNT] = {"-",     "ready",  "nothing", "frozen",
                                                "known", "unused", "guarded", "general"};
  return words[duty];
}

static bool is_feed(const Plan *p, int slot) {
  for (int i = 0; i < p->num_feeds; i++)
    if (p->feeds[i] == slot) return true;
  return false;
}

const char *plan_view_place_word(const PlanView *v, int slot) {
  static const char *const words[] = {"run", "value", "arena", "own", "view", "feed"};
  const PlanSlot *s = &v->plan->slots[slot];
  if (s->is_ref) return "ref";
  if (s->value.dtype) return "value";
  if (is_feed(v->plan, slot)) return "feed";
  return v->spec ? words[v->spec->slots[slot].place] : "run";
}

const Tensor *plan_view_shape(const PlanView *v, int slot) {
  const PlanSlot *s = &v->plan->slots[slot];
  if (s->is_ref) return NULL;
  if (s->value.dtype) return &s->value;
  return v->spec && v->spec->slots[slot].known ? &v->spec->slots[slot].shape : NULL;
}

size_t plan_view_bytes(const Tensor *t) { return (size_t)tensor_count(t) * dtype_size(t->dtype); }

/* "T=float, Tidx=int32": of the node, what the row's types speak of. */
static void put_types(const PlanStep *step, Bytes *out) {
  const char *first = "";
  for (const char *p = step->kernel.row->types; p && *p;) {
    size_t len = strcspn(p, ":");
    for (int i = 0; i < step->kernel.node->num_attrs; i++) {
      const Attr *a = &step->kernel.node->attrs[i];
      if (a->kind != TF_ATTR_TYPE || a->is_list || strlen(a->name) != len || memcmp(a->name, p, len))
        continue;
      bytes_printf(out, "%s%s=%s", first, a->name, dtype_name(a->v.type));
      first = ", ";
    }
    p += strcspn(p, ";");
    p += strspn(p, "; ");
  }
}

void plan_view_put_kernel(const PlanView *v, int i, Bytes *out) {
  const PlanStep *step = &v->plan->steps[i];
  if (step->kind != STEP_KERNEL || !step->kernel.row) return;
  put_types(step, out);
  const SpecStep *s = v->spec ? &v->spec->steps[i] : NULL;
  if (!s || s->mode != MODE_READY || !s->prep || !step->kernel.row->way) return;
  const char *way = step->kernel.row->way(step->kernel.state, s->prep);
  if (way) bytes_printf(out, "%s%s", out->size ? ", " : "", way);
}

void plan_view_put_functions(const PlanStep *step, Bytes *out) {
  const char *first = "";
  if (step->kind == STEP_LOOP) bytes_printf(out, "body=%s", step->loop->name);
  if (step->kind != STEP_KERNEL) return;
  for (int i = 0; i < step->kernel.node->num_attrs; i++) {
    const Attr *a = &step->kernel.node->attrs[i];
    if (a->kind != TF_ATTR_FUNC) continue;
    for (int64_t k = 0; k < (a->is_list ? a->count : 1); k++) {
      const AttrFunc *f = a->is_list ? &a->v.list_func[k] : a->v.func;
      bytes_printf(out, "%s%s=%s", first, a->name, f->name);
      first = ", ";
    }
  }
}
