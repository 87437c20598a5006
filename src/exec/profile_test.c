/* Profiles: a tree of steps with counts and times, events up to their limit, runs that fail. */
#include "exec/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static PlanStep loop, inner, plain;

/* A loop that runs its body's step `times` times, and a step behind it. */
static void run(ExecProfile *p, int times) {
  profile_begin_run(p);
  profile_enter(p, &loop);
  for (int i = 0; i < times; i++) {
    profile_enter(p, &inner);
    profile_leave(p);
  }
  profile_leave(p);
  profile_enter(p, &plain);
  profile_leave(p);
}

static void sums_are_by_place(void **state) {
  ExecProfile p = {0};
  (void)state;
  run(&p, 3);
  run(&p, 2);
  profile_enter(&p, &inner); /* the same step elsewhere */
  profile_leave(&p);
  assert_int_equal(p.runs, 2);
  assert_int_equal(p.num_nodes, 4);
  const ProfileNode *n = p.nodes;
  assert_true(n[0].step == &loop && n[0].parent == -1 && n[0].count == 2);
  assert_true(n[1].step == &inner && n[1].parent == 0 && n[1].count == 5);
  assert_true(n[2].step == &plain && n[2].parent == -1 && n[2].count == 2);
  assert_true(n[3].step == &inner && n[3].parent == -1 && n[3].count == 1);
  assert_int_equal(n[0].inner_ns, n[1].total_ns);
  assert_true(n[0].total_ns >= n[0].inner_ns && n[1].inner_ns == 0);
  assert_true(n[1].min_ns * 5 <= n[1].total_ns && n[1].total_ns <= n[1].max_ns * 5);
  assert_false(p.failed);
  profile_clear(&p);
}

static void events_end_at_their_limit(void **state) {
  ExecProfile p = {.max_events = 3};
  (void)state;
  run(&p, 4); /* six steps: inner ones end before the loop does */
  assert_int_equal(p.num_events, 3);
  assert_int_equal(p.lost_events, 3);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(p.events[i].node, 1);
    assert_true(p.events[i].start_ns <= p.events[i].end_ns);
    assert_true(i == 0 || p.events[i - 1].end_ns <= p.events[i].start_ns);
  }
  profile_clear(&p);
}

static void a_run_that_failed_leaves_nothing_open(void **state) {
  ExecProfile p = {0};
  (void)state;
  profile_begin_run(&p);
  profile_enter(&p, &loop);
  profile_enter(&p, &inner);
  run(&p, 1);
  assert_int_equal(p.depth, 0);
  assert_int_equal(p.num_nodes, 3);
  assert_int_equal(p.nodes[0].count, 1);
  assert_int_equal(p.nodes[1].count, 1);
  profile_clear(&p);
}

/* More steps than the tables begin with, found again. */
static void many_steps(void **state) {
  enum { STEPS = 1000 };
  static PlanStep steps[STEPS];
  ExecProfile p = {0};
  (void)state;
  for (int round = 0; round < 2; round++) {
    profile_begin_run(&p);
    for (int i = 0; i < STEPS; i++) profile_enter(&p, &steps[i]); /* each within the one before */
    for (int i = 0; i < STEPS; i++) profile_leave(&p);
  }
  assert_int_equal(p.num_nodes, STEPS);
  for (int i = 0; i < STEPS; i++) {
    assert_true(p.nodes[i].step == &steps[i]);
    assert_int_equal(p.nodes[i].parent, i - 1);
    assert_int_equal(p.nodes[i].count, 2);
  }
  profile_clear(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_are_by_place),
      cmocka_unit_test(events_end_at_their_limit),
      cmocka_unit_test(a_run_that_failed_leaves_nothing_open),
      cmocka_unit_test(many_steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
