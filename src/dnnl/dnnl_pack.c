#include "dnnl/dnnl_call.h"

#ifdef SM_DNNL

#include <pthread.h>
#include <stdlib.h>

#include "dnnl/dnnl_pack.h"

struct DnnlPack {
  DnnlPack *next;
  int refs;      /* guarded by the_lock */
  Tensor source; /* shares the weights' buffer: nobody writes to it while we do */
  dnnl_memory_desc_t from, to;
  void *data;
};

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static DnnlPack *the_packs;

bool dnnl_pack_is_of(const DnnlPack *p, const Tensor *weights) {
  return p->source.buffer == weights->buffer && p->source.data == weights->data;
}

void *dnnl_pack_data(const DnnlPack *p) { return p->data; }

static void pack_free(DnnlPack *p) {
  tensor_clear(&p->source);
  free(p->data);
  free(p);
}

static bool move_into(const DnnlPack *p, dnnl_primitive_t reorder, dnnl_stream_t stream) {
  dnnl_memory_t from = NULL, to = NULL;
  bool ok = dnnl_memory_create(&from, &p->from, dnnl_engine(), p->source.data) == dnnl_success &&
            dnnl_memory_create(&to, &p->to, dnnl_engine(), p->data) == dnnl_success;
  dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  ok = ok && dnnl_primitive_execute(reorder, stream, 2, args) == dnnl_success &&
       dnnl_stream_wait(stream) == dnnl_success;
  if (from) dnnl_memory_destroy(from);
  if (to) dnnl_memory_destroy(to);
  return ok;
}

static DnnlPack *pack_new(const Tensor *weights, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                          dnnl_primitive_t reorder, dnnl_stream_t stream) {
  DnnlPack *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->refs = 1;
  p->from = *from;
  p->to = *to;
  p->data = aligned_alloc(64, (dnnl_memory_desc_get_size(to) + 63) / 64 * 64);
  tensor_share(&p->source, weights);
  if (p->data && move_into(p, reorder, stream)) return p;
  pack_free(p);
  return NULL;
}

static DnnlPack *find(const Tensor *weights, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  DnnlPack *p = the_packs;
  while (p && !(dnnl_pack_is_of(p, weights) && dnnl_memory_desc_equal(&p->from, from) &&
                dnnl_memory_desc_equal(&p->to, to)))
    p = p->next;
  return p;
}

/* Two threads may make the same pack at a time; then each keeps its own. */
DnnlPack *dnnl_pack_get(const Tensor *weights, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                        dnnl_primitive_t reorder, dnnl_stream_t stream) {
  pthread_mutex_lock(&the_lock);
  DnnlPack *p = find(weights, from, to);
  if (p) p->refs++;
  pthread_mutex_unlock(&the_lock);
  if (p) return p;
  p = pack_new(weights, from, to, reorder, stream);
  if (!p) return NULL;
  pthread_mutex_lock(&the_lock);
  p->next = the_packs;
  the_packs = p;
  pthread_mutex_unlock(&the_lock);
  return p;
}

void dnnl_pack_drop(DnnlPack *p) {
  if (!p) return;
  pthread_mutex_lock(&the_lock);
  bool last = --p->refs == 0;
  if (last) {
    DnnlPack **at = &the_packs;
    while (*at != p) at = &(*at)->next;
    *at = p->next;
  }
  pthread_mutex_unlock(&the_lock);
  if (last) pack_free(p);
}

#endif
