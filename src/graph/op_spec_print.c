/* An op's spec and a node in the words of TensorFlow's messages. */
#include <string.h>

#include "graph/attr.h"
#include "graph/graph.h"

static void args_print(const ArgSpec *args, int count, Bytes *out) {
  for (int i = 0; i < count; i++) {
    const ArgSpec *a = &args[i];
    bytes_printf(out, "%s%s:%s", i ? ", " : "", a->name, a->is_ref ? "Ref(" : "");
    if (a->number_attr) bytes_printf(out, "%s*", a->number_attr);
    if (a->type_attr) bytes_puts(out, a->type_attr);
    else if (!a->list_attr) bytes_puts(out, dtype_name(a->type));
    if (a->is_ref) bytes_putc(out, ')');
  }
}

static void allowed_print(const AttrSpec *a, Bytes *out) {
  if (!a->num_allowed_types && !a->num_allowed_strings) return;
  bytes_puts(out, ",allowed=[");
  for (int i = 0; i < a->num_allowed_types; i++)
    bytes_printf(out, "%s%s", i ? ", " : "", dtype_proto_name(a->allowed_types[i]));
  for (int i = 0; i < a->num_allowed_strings; i++)
    bytes_printf(out, "%s\"%s\"", i ? ", " : "", a->allowed_strings[i]);
  bytes_putc(out, ']');
}

void op_spec_print(const OpSpec *spec, Bytes *out) {
  bytes_printf(out, "Op<name=%s; signature=", spec->name);
  args_print(spec->inputs, spec->num_inputs, out);
  bytes_puts(out, " -> ");
  args_print(spec->outputs, spec->num_outputs, out);
  for (int i = 0; i < spec->num_attrs; i++) {
    const AttrSpec *a = &spec->attrs[i];
    bytes_printf(out, "; attr=%s:%s", a->name, attr_kind_name(a->kind, a->is_list));
    if (a->default_value) {
      bytes_puts(out, ",default=");
      attr_print(a->default_value, out);
    }
    if (a->has_minimum) bytes_printf(out, ",min=%lld", (long long)a->minimum);
    allowed_print(a, out);
  }
  static const struct {
    unsigned flag;
    const char *text;
  } flags[] = {{OP_SPEC_COMMUTATIVE, "is_commutative"},
               {OP_SPEC_AGGREGATE, "is_aggregate"},
               {OP_SPEC_STATEFUL, "is_stateful"},
               {OP_SPEC_UNINITIALIZED_OK, "allows_uninitialized_input"},
               {OP_SPEC_DISTRIBUTED, "is_distributed_communication"}};
  for (size_t i = 0; i < SM_COUNTOF(flags); i++)
    if (spec->flags & flags[i].flag) bytes_printf(out, "; %s=true", flags[i].text);
  bytes_putc(out, '>');
}

static const Attr *next_attr(const Node *node, const char *after) {
  const Attr *best = NULL; /* the smallest name above `after` */
  for (int i = 0; i < node->num_attrs; i++) {
    const Attr *a = &node->attrs[i];
    if ((!after || strcmp(a->name, after) > 0) && (!best || strcmp(a->name, best->name) < 0)) best = a;
  }
  return best;
}

void node_print(const Node *node, Bytes *out) {
  bytes_printf(out, "%s[", node->op);
  const char *last = NULL;
  for (const Attr *a; (a = next_attr(node, last)); last = a->name) {
    bytes_printf(out, "%s%s=", last ? ", " : "", a->name);
    attr_print(a, out);
  }
  if (*node->device) bytes_printf(out, "%s_device=\"%s\"", last ? ", " : "", node->device);
  bytes_puts(out, "](");
  const char *comma = "";
  for (int i = 0; i < node->num_inputs; i++, comma = ", ") {
    TF_Output from = node->inputs[i];
    bytes_printf(out, "%s%s", comma, from.oper ? from.oper->name : "?");
    if (from.index) bytes_printf(out, ":%d", from.index);
  }
  for (int i = 0; i < node->num_controls; i++, comma = ", ")
    bytes_printf(out, "%s^%s", comma, node->controls[i]->name);
  bytes_putc(out, ')');
}
