/* Functions into body graphs: arguments, list outputs, attributes bound to placeholders, what is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status_impl.h"
#include "graph/attr.h"
#include "graph/function.h"
#include "graph/graph_import.h"
#include "wire/text_format.h"

#include <cmocka.h> /* last: it has a macro named fail */

static TF_Status st;
static Arena arena;

static const GraphFunction *add_function(Graph *g, const char *text) {
  Tensorflow__FunctionDef *def;
  if (text_format_parse(&tensorflow__function_def__descriptor, (Span){text, strlen(text)}, &arena, &def,
                        &st) ||
      graph_function_add(g, def, &st))
    fail_msg("%s", st.message);
  return graph_function_find(g, def->signature->name);
}

#define SIGNATURE                                                                                       \
  "signature { name: 'f' input_arg { name: 'x' type_attr: 'T' } input_arg { name: 'xs' type: DT_FLOAT " \
  "number_attr: 'N' } output_arg { name: 'y' type_attr: 'T' } output_arg { name: 'z' type: DT_FLOAT } " \
  "attr { name: 'T' type: 'type' } attr { name: 'N' type: 'int' } control_output: 'c' } "

/* The second split of x, and the sum of all xs. */
static const char split_text[] = SIGNATURE
    "node_def { name: 'k' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { key: 'value' "
    "value { "
    "tensor { dtype: DT_INT32 tensor_shape {} int_val: 0 } } } } "
    "node_def { name: 's' op: 'Split' input: 'k:output:0' input: 'x' attr { key: 'T' value { placeholder: "
    "'T' } } "
    "attr { key: 'num_split' value { i: 2 } } } "
    "node_def { name: 'a' op: 'AddN' input: 'xs:0' input: 'xs:1' input: '^s' attr { key: 'T' value { type: "
    "DT_FLOAT } } "
    "attr { key: 'N' value { placeholder: 'N' } } } "
    "ret { key: 'y' value: 's:output:1' } ret { key: 'z' value: 'a:sum:0' } control_ret { key: 'c' value: "
    "'a' }";

static const Attr bindings[] = {{.name = "T", .kind = TF_ATTR_TYPE, .v.type = TF_INT64},
                                {.name = "N", .kind = TF_ATTR_INT, .v.i = 2}};

static void makes_a_body(void **state) {
  (void)state;
  Graph *g = graph_new();
  FunctionBody body;
  if (graph_function_instantiate(g, add_function(g, split_text), bindings, 2, &body, &st))
    fail_msg("%s", st.message);
  assert_int_equal(body.num_args, 3);
  assert_string_equal(body.args[0]->name, "x");
  assert_int_equal(body.args[0]->output_types[0], TF_INT64);
  assert_string_equal(body.args[2]->name, "xs_1");
  assert_int_equal(body.args[2]->output_types[0], TF_FLOAT);
  assert_int_equal(body.num_rets, 2);
  assert_string_equal(body.rets[0]->inputs[0].oper->name, "s");
  assert_int_equal(body.rets[0]->inputs[0].index, 1);
  assert_int_equal(body.rets[0]->input_types[0], TF_INT64);
  assert_string_equal(body.rets[1]->inputs[0].oper->name, "a");
  assert_int_equal(body.num_controls, 1);
  assert_string_equal(body.controls[0]->name, "a");
  assert_string_equal(graph_find(body.graph, "a")->controls[0]->name, "s");
  assert_ptr_equal(graph_find(body.graph, "a")->inputs[1].oper, body.args[2]);
  assert_ptr_equal(graph_function_find(body.graph, "f"),
                   graph_function_find(g, "f")); /* calls find the library */
  graph_unref(body.graph);
  graph_unref(g);
}

/* The outputs before the wanted one are none, which attributes say that stand nowhere. */
static void counts_outputs_by_defaults(void **state) {
  (void)state;
  static const char text[] =
      "signature { name: 'f' input_arg { name: 'x' type: DT_STRING } "
      "output_arg { name: 'y' type: DT_INT64 } output_arg { name: 'n' type: DT_INT64 } } "
      "node_def { name: 'p' op: 'ParseSequenceExample' input: 'x' input: 'x' "
      "attr { key: 'context_sparse_keys' value { list {} } } attr { key: 'context_dense_keys' value { list "
      "{} } } "
      "attr { key: 'feature_list_sparse_keys' value { list {} } } "
      "attr { key: 'feature_list_dense_keys' value { list { s: 'k' } } } "
      "attr { key: 'feature_list_dense_missing_assumed_empty' value { list {} } } "
      "attr { key: 'Nfeature_list_dense' value { i: 1 } } "
      "attr { key: 'feature_list_dense_types' value { list { type: DT_INT64 } } } "
      "attr { key: 'feature_list_dense_shapes' value { list { shape {} } } } } "
      "ret { key: 'y' value: 'p:feature_list_dense_values:0' } "
      "ret { key: 'n' value: 'p:feature_list_dense_lengths:0' }";
  Graph *g = graph_new();
  FunctionBody body;
  if (graph_function_instantiate(g, add_function(g, text), NULL, 0, &body, &st)) fail_msg("%s", st.message);
  assert_int_equal(body.rets[0]->inputs[0].index, 0);
  assert_int_equal(body.rets[1]->inputs[0].index, 1);
  graph_unref(body.graph);
  graph_unref(g);
}

#define OF_API(name, type, device)                                                        \
  "signature { name: '" name "' input_arg { name: 'x' type: " type                        \
  " } } "                                                                                 \
  "attr { key: 'api_implements' value { s: 'draw' } } attr { key: 'api_preferred_device'" \
  " value { s: '" device "' } }"

static void chooses_the_function_for_a_cpu(void **state) {
  (void)state;
  Graph *g = graph_new();
  const GraphFunction *plain = add_function(
      g, "signature { name: 'plain' input_arg { name: 'x' type: DT_INT32 } }");
  const GraphFunction *any = add_function(g, OF_API("any", "DT_INT32", ""));
  const GraphFunction *gpu = add_function(g, OF_API("gpu", "DT_INT32", "GPU"));
  add_function(g, OF_API("other", "DT_FLOAT", "CPU"));
  assert_ptr_equal(graph_function_for_cpu(g, any), any);
  const GraphFunction *cpu = add_function(g, OF_API("cpu", "DT_INT32", "CPU"));
  assert_ptr_equal(graph_function_for_cpu(g, any), cpu);
  assert_ptr_equal(graph_function_for_cpu(g, gpu), cpu);
  assert_ptr_equal(graph_function_for_cpu(g, cpu), cpu);
  assert_ptr_equal(graph_function_for_cpu(g, plain), plain);
  graph_unref(g);
}

static void refuses(const char *text, const Attr *attrs, int num_attrs, const char *message) {
  Graph *g = graph_new();
  FunctionBody body;
  assert_int_not_equal(graph_function_instantiate(g, add_function(g, text), attrs, num_attrs, &body, &st),
                       TF_OK);
  assert_null(body.graph);
  if (!strstr(st.message, message)) fail_msg("%s", st.message);
  status_clear(&st);
  graph_unref(g);
}

static void refuses_broken_bodies(void **state) {
  (void)state;
  refuses(split_text, bindings, 1, "the attr 'N' of node f does not say how many tensors 'xs' is");
  refuses(split_text, bindings + 1, 1, "the type of argument 'x' is not bound");
  refuses(SIGNATURE, bindings, 2, "Return y missing from function 'f'");
  refuses(SIGNATURE "ret { key: 'y' value: 'nope:out:0' } ret { key: 'z' value: 'xs:0' }", bindings, 2,
          "input nope:out:0 is not found");
  refuses(SIGNATURE "ret { key: 'y' value: 'x' } ret { key: 'z' value: 'xs:2' }", bindings, 2,
          "input 'xs:2' is not there");
  refuses(SIGNATURE "ret { key: 'y' value: 'xs:0' } ret { key: 'z' value: 'xs:0' }", bindings, 2,
          "was passed float from xs_0:0 incompatible with expected int64.");
  refuses(SIGNATURE
          "node_def { name: 'n' op: 'Nope' } ret { key: 'y' value: 'x' } ret { key: 'z' value: 'xs:0' }",
          bindings, 2, "Op type not registered 'Nope'");
}

/* Every spec of the table can be read, and the sums agree with the table's own lines. */
static void reads_every_spec(void **state) {
  (void)state;
  int count, stateful = 0;
  const char *const *names = op_spec_names(&count);
  assert_true(count > 1869);
  for (int i = 0; i < count; i++) {
    if (i) assert_true(strcmp(names[i - 1], names[i]) < 0);
    const OpSpec *spec = op_spec_find(names[i]);
    if (!spec) fail_msg("%s cannot be read", names[i]);
    stateful += (spec->flags & OP_SPEC_STATEFUL) != 0;
    for (int k = 0; k < spec->num_inputs; k++) {
      const ArgSpec *a = &spec->inputs[k];
      assert_true((a->type != 0) + (a->type_attr != NULL) + (a->list_attr != NULL) == 1);
      assert_true(!a->type_attr || op_spec_attr(spec, a->type_attr)->kind == TF_ATTR_TYPE);
      assert_true(!a->number_attr || op_spec_attr(spec, a->number_attr)->kind == TF_ATTR_INT);
    }
  }
  assert_true(stateful > 500);
  assert_null(op_spec_find("Nope"));
  const OpSpec *pool = op_spec_find("MaxPool");
  assert_string_equal(op_spec_attr(pool, "data_format")->allowed_strings[1], "NCHW");
  assert_int_equal(op_spec_attr(pool, "ksize")->minimum, 4);
  assert_int_equal(op_spec_attr(pool, "T")->default_value->v.type, TF_FLOAT);
}

static int clear(void **state) {
  (void)state;
  arena_clear(&arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(makes_a_body),
      cmocka_unit_test(counts_outputs_by_defaults),
      cmocka_unit_test(chooses_the_function_for_a_cpu),
      cmocka_unit_test(refuses_broken_bodies),
      cmocka_unit_test(reads_every_spec),
  };
  return cmocka_run_group_tests(tests, NULL, clear);
}
