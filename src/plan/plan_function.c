/* Calls of functions: inlined into the caller's order, or made plans of their own. */
#include <string.h>

#include "plan/plan_build.h"

bool plan_is_call(const Node *node, const AttrFunc **func, AttrFunc *direct) {
  if (!strcmp(node->op, "PartitionedCall") || !strcmp(node->op, "StatefulPartitionedCall")) {
    const Attr *f = node_attr(node, "f");
    *func = f && f->kind == TF_ATTR_FUNC && !f->is_list ? f->v.func : NULL;
    return true;
  }
  if (!map_get(&node->graph->functions, node->op)) return false;
  *direct = (AttrFunc){node->op, node->attrs, node->num_attrs};
  *func = direct;
  return true;
}

TF_Code plan_emit_call(Builder *b, Scope *s, Node *node, const AttrFunc *func, TF_Status *st) {
  (void)b, (void)func;
  return fail(st, TF_UNIMPLEMENTED, "calls of functions are not run yet: {{node %s%s}}", s->prefix, node->name);
}

TF_Code plan_make_callee(Builder *b, const Node *node, const AttrFunc *func, const Callee **callee, TF_Status *st) {
  (void)b, (void)func, (void)callee;
  return fail(st, TF_UNIMPLEMENTED, "calls of functions are not run yet: {{node %s}}", node->name);
}
