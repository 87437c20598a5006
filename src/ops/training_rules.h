/* The arithmetic of training steps: how each rule changes a run of elements of its variables
 * (training_rules.c). */
#ifndef SM_OPS_TRAINING_RULES_H_
#define SM_OPS_TRAINING_RULES_H_

#include <stdbool.h>
#include <stdint.h>

enum { RULE_VARS = 4, RULE_REST = 9 };

/* n elements of the variables, changed in place, and of the gradient; `s`: the scalars in the order of the
 * rule's names, without the gradient. */
typedef struct Lanes {
  double *v[RULE_VARS];
  const double *g, *s;
  bool flag;
  int n;
} Lanes;

/* The same of complex numbers. */
typedef struct ComplexLanes {
  double _Complex *v[RULE_VARS];
  const double _Complex *g, *s;
  bool flag;
  int n;
} ComplexLanes;

typedef struct Rule {
  const char *name;            /* what follows "Apply" */
  const char *vars[RULE_VARS]; /* as TensorFlow names the inputs; ends with null */
  const char
      *rest[RULE_REST]; /* the other inputs: scalars and the gradient ("grad" or "delta"); ends with null */
  const char *flag;     /* a bool attr, or null */
  void (*apply)(const Lanes *l);
  bool empty_rows;                              /* sparse: rows without elements are no error */
  void (*apply_complex)(const ComplexLanes *l); /* or null */
} Rule;

extern const Rule training_rules[]; /* ends with a null name */

#endif
