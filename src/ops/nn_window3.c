#include "ops/nn_window3.h"

#include <string.h>

static bool text_is(Span s, const char *text) {
  return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

/* The three spatial entries of a list of five. */
static TF_Code read_three(Window3Attrs *w, const Node *node, const char *name, int64_t *out, TF_Status *st) {
  const Attr *list;
  TRY(node_attr_list(node, name, TF_ATTR_INT, &list, st));
  if (list->count != 5)
    return fail(st, TF_INVALID_ARGUMENT, "Sliding window %s field must specify 5 dimensions", name);
  int channel = w->channels_first ? 1 : 4, first = w->channels_first ? 2 : 1;
  bool deep = list->v.list_i[0] != 1 || list->v.list_i[channel] != 1;
  if (node_attr(node, "ksize")) {
    w->deep = w->deep || deep;
    for (int i = 0; i < 5; i++) w->small = w->small || (name[0] == 'k' && list->v.list_i[i] <= 0);
    memcpy(out, list->v.list_i + first, 3 * sizeof *out);
    return TF_OK;
  }
  if (deep)
    return fail(st, TF_INVALID_ARGUMENT,
                "Current implementation does not yet support %s in the batch and depth dimensions.",
                strcmp(name, "dilations") == 0 ? "dilation rates" : name);
  for (int i = 0; i < 3; i++) {
    out[i] = list->v.list_i[first + i];
    if (out[i] > 0) continue;
    return fail(st, TF_INVALID_ARGUMENT,
                strcmp(name, "strides") == 0 ? "Spatial strides should be larger than 0."
                                             : "Dilated rates should be larger than 0.");
  }
  return TF_OK;
}

TF_Code window3_read(Window3Attrs *w, const Node *node, TF_Status *st) {
  *w = (Window3Attrs){.stride = {1, 1, 1}, .dilation = {1, 1, 1}};
  const Attr *format = node_attr(node, "data_format");
  Span padding;
  if (format && !text_is(format->v.s, "NDHWC") && !text_is(format->v.s, "NCDHW"))
    return fail(st, TF_INVALID_ARGUMENT, "Invalid data format");
  w->channels_first = format && text_is(format->v.s, "NCDHW");
  TRY(node_attr_string(node, "padding", &padding, st));
  if (!text_is(padding, "SAME") && !text_is(padding, "VALID"))
    return fail(st, TF_INVALID_ARGUMENT, "padding must be SAME or VALID");
  w->padding = text_is(padding, "SAME") ? PAD_SAME : PAD_VALID;
  TRY(read_three(w, node, "strides", w->stride, st));
  if (node_attr(node, "dilations")) TRY(read_three(w, node, "dilations", w->dilation, st));
  if (node_attr(node, "ksize")) TRY(read_three(w, node, "ksize", w->size, st));
  return TF_OK;
}

TF_Code window3_plan(Window3 *p, const Window3Attrs *w, const int64_t *x, const int64_t *size,
                     TF_Status *st) {
  p->batch = x[0];
  for (int i = 0; i < 3; i++) {
    int64_t after;
    p->in[i] = x[i + 1];
    p->size[i] = size[i];
    p->stride[i] = w->stride[i];
    TRY(window_size(w->padding, NULL, p->in[i], size[i], w->dilation[i], w->stride[i], &p->out[i], &p->pad[i],
                    &after, st));
  }
  return TF_OK;
}

TF_Code window3_shape(const Window3Attrs *w, const Shape *x, const int64_t *size, Shape *out, TF_Status *st) {
  if (x->rank >= 0 && x->rank != 5)
    return fail(st, TF_INVALID_ARGUMENT, "Shape must be rank 5 but is rank %d", x->rank);
  *out = shape_of_rank(5);
  if (x->rank < 0) return TF_OK;
  int first = w->channels_first ? 2 : 1;
  out->dims[0] = x->dims[0];
  out->dims[w->channels_first ? 1 : 4] = x->dims[w->channels_first ? 1 : 4];
  for (int i = 0; i < 3; i++)
    TRY(window_size_partial(w->padding, NULL, x->dims[first + i], size[i], w->dilation[i], w->stride[i],
                            &out->dims[first + i], st));
  return TF_OK;
}
