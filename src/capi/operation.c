/* Looking at operations through the C API: names, types, edges. */
#include "capi/capi.h"

const char *TF_OperationName(TF_Operation *oper) { return oper->name; }
const char *TF_OperationOpType(TF_Operation *oper) { return oper->op; }
const char *TF_OperationDevice(TF_Operation *oper) { return oper->device; }

int TF_OperationNumOutputs(TF_Operation *oper) { return oper->num_outputs; }
int TF_OperationNumInputs(TF_Operation *oper) { return oper->num_inputs; }

TF_DataType TF_OperationOutputType(TF_Output out) {
  bool there = out.index >= 0 && out.index < out.oper->num_outputs;
  return there ? out.oper->output_types[out.index] : (TF_DataType)0;
}

TF_DataType TF_OperationInputType(TF_Input in) {
  bool there = in.index >= 0 && in.index < in.oper->num_inputs;
  return there ? in.oper->input_types[in.index] : (TF_DataType)0;
}

static int arg_length(TF_Operation *oper, bool output, const char *arg, TF_Status *st) {
  status_reset(st);
  int start, count;
  return node_arg_range(oper, output, arg, &start, &count, st) ? -1 : count;
}

int TF_OperationOutputListLength(TF_Operation *oper, const char *arg_name, TF_Status *st) {
  return arg_length(oper, true, arg_name, st);
}

int TF_OperationInputListLength(TF_Operation *oper, const char *arg_name, TF_Status *st) {
  return arg_length(oper, false, arg_name, st);
}

TF_Output TF_OperationInput(TF_Input in) {
  bool there = in.index >= 0 && in.index < in.oper->num_inputs;
  return there ? in.oper->inputs[in.index] : (TF_Output){NULL, -1};
}

void TF_OperationAllInputs(TF_Operation *oper, TF_Output *inputs, int max_inputs) {
  for (int i = 0; i < oper->num_inputs && i < max_inputs; i++) inputs[i] = oper->inputs[i];
}

/* Consumer lists grow while others add to the graph, so they are read under its lock. */
int TF_OperationOutputConsumers(TF_Output out, TF_Input *consumers, int max_consumers) {
  Node *node = out.oper;
  int count = 0;
  graph_lock(node->graph);
  for (int i = 0; i < node->num_consumers; i++) {
    if (node->consumer_output[i] != out.index) continue;
    if (count < max_consumers)
      consumers[count] = (TF_Input){node->consumers[i].node, node->consumers[i].input};
    count++;
  }
  graph_unlock(node->graph);
  return count;
}

int TF_OperationOutputNumConsumers(TF_Output out) { return TF_OperationOutputConsumers(out, NULL, 0); }

int TF_OperationNumControlInputs(TF_Operation *oper) { return oper->num_controls; }

int TF_OperationGetControlInputs(TF_Operation *oper, TF_Operation **control_inputs, int max_control_inputs) {
  for (int i = 0; i < oper->num_controls && i < max_control_inputs; i++)
    control_inputs[i] = oper->controls[i];
  return oper->num_controls;
}

int TF_OperationGetControlOutputs(TF_Operation *oper, TF_Operation **control_outputs,
                                  int max_control_outputs) {
  graph_lock(oper->graph);
  int count = oper->num_control_outputs;
  for (int i = 0; i < count && i < max_control_outputs; i++) control_outputs[i] = oper->control_outputs[i];
  graph_unlock(oper->graph);
  return count;
}

int TF_OperationNumControlOutputs(TF_Operation *oper) { return TF_OperationGetControlOutputs(oper, NULL, 0); }
