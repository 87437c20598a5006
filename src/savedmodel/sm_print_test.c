/* SM_TensorText prints what numpy prints; all texts were recorded from numpy 1.26. */
#include <math.h>

#include "savedmodel/sm_testing.h"

typedef struct Case {
  TF_DataType dtype;
  int rank;
  int64_t dims[3];
  const void *values; /* null: element i is i / divisor, floats */
  int divisor;
  const char *text;
} Case;

static const float values0[] = {1, 1, 1};
static const float values1[] = {0, 0, 0, 0, 0};
static const float values2[] = {0.5, 2};
static const float values3[] = {-1.25, 10};
static const float values4[] = {0.10000000149011612, 0.20000000298023224, 0.30000001192092896};
static const float values5[] = {9.9999997473787516e-06, 1};
static const float values6[] = {100000000, 1};
static const float values7[] = {123456792, 1};
static const float values8[] = {10000000000};
static const float values9[] = {NAN, 1, INFINITY};
static const float values10[] = {-INFINITY, 0.0010000000474974513};
static const float values11[] = {0.3333333432674408, 0.66666668653488159};
static const float values12[] = {1, 2, 3, 4};
static const float values13[] = {0, 1, 2, 3, 4, 5, 6, 7};
static const float values14[] = {-0.0f, 1};
static const float values15[] = {3.1415927410125732, 2.7182817459106445, 1000};
static const float values16[] = {3.1415927410125732, 1001, 1};
static const float values17[] = {1.000000013351432e-10, 2.0000000267028639e-10};
static const float values18[] = {1.0000000200408773e+20, 9.9999996826552254e-21};
static const float values19[] = {12345678, 1};
static const float values20[] = {100000000, 12345};
static const double values21[] = {0.10000000000000001, 0.33333333333333331, 1.0000000000000001e-09};
static const double values22[] = {0.10000000000000001, 0.33333333333333331};
static const double values23[] = {66666.666666666657, 1};
static const double values24[] = {1e+100, -1};
static const float values25[] = {-20,
                                 -19.629999160766602,
                                 -19.260000228881836,
                                 -18.889999389648438,
                                 -18.520000457763672,
                                 -18.149999618530273,
                                 -17.780000686645508,
                                 -17.409999847412109,
                                 -17.040000915527344,
                                 -16.670000076293945,
                                 -16.299999237060547,
                                 -15.930000305175781,
                                 -15.560000419616699,
                                 -15.189999580383301,
                                 -14.819999694824219,
                                 -14.449999809265137,
                                 -14.079999923706055,
                                 -13.710000038146973,
                                 -13.340000152587891,
                                 -12.970000267028809,
                                 -12.600000381469727,
                                 -12.229999542236328,
                                 -11.859999656677246,
                                 -11.489999771118164,
                                 -11.119999885559082,
                                 -10.75,
                                 -10.380000114440918,
                                 -10.010000228881836,
                                 -9.6400003433227539,
                                 -9.2700004577636719,
                                 -8.8999996185302734,
                                 -8.5299997329711914,
                                 -8.1599998474121094,
                                 -7.7899999618530273,
                                 -7.4200000762939453,
                                 -7.0500001907348633,
                                 -6.679999828338623,
                                 -6.309999942779541,
                                 -5.940000057220459,
                                 -5.570000171661377,
                                 -5.1999998092651367,
                                 -4.8299999237060547,
                                 -4.4600000381469727,
                                 -4.0900001525878906,
                                 -3.7200000286102295,
                                 -3.3499999046325684,
                                 -2.9800000190734863,
                                 -2.6099998950958252,
                                 -2.2400000095367432,
                                 -1.8700000047683716,
                                 -1.5,
                                 -1.1299999952316284,
                                 -0.75999999046325684,
                                 -0.38999998569488525,
                                 -0.019999999552965164,
                                 0.34999999403953552,
                                 0.72000002861022949,
                                 1.0900000333786011,
                                 1.4600000381469727,
                                 1.8300000429153442};
static const float values26[] = {
    0,     1.1000000238418579, 2.2000000476837158, 3.2999999523162842, 4.4000000953674316,
    5.5,   6.5999999046325684, 7.6999998092651367, 8.8000001907348633, 9.8999996185302734,
    11,    12.100000381469727, 13.199999809265137, 14.300000190734863, 15.399999618530273,
    16.5,  17.600000381469727, 18.700000762939453, 19.799999237060547, 20.899999618530273,
    22,    23.100000381469727, 24.200000762939453, 25.299999237060547, 26.399999618530273,
    27.5,  28.600000381469727, 29.700000762939453, 30.799999237060547, 31.899999618530273,
    33,    34.099998474121094, 35.200000762939453, 36.299999237060547, 37.400001525878906,
    38.5,  39.599998474121094, 40.700000762939453, 41.799999237060547, 42.900001525878906,
    44,    45.099998474121094, 46.200000762939453, 47.299999237060547, 48.400001525878906,
    49.5,  50.599998474121094, 51.700000762939453, 52.799999237060547, 53.900001525878906,
    55,    56.099998474121094, 57.200000762939453, 58.299999237060547, 59.400001525878906,
    60.5,  61.599998474121094, 62.700000762939453, 63.799999237060547, 64.900001525878906,
    66,    67.099998474121094, 68.199996948242188, 69.300003051757812, 70.400001525878906,
    71.5,  72.599998474121094, 73.699996948242188, 74.800003051757812, 75.900001525878906,
    77,    78.099998474121094, 79.199996948242188, 80.300003051757812, 81.400001525878906,
    82.5,  83.599998474121094, 84.699996948242188, 85.800003051757812, 86.900001525878906,
    88,    89.099998474121094, 90.199996948242188, 91.300003051757812, 92.400001525878906,
    93.5,  94.599998474121094, 95.699996948242188, 96.800003051757812, 97.900001525878906,
    99,    100.09999847412109, 101.19999694824219, 102.30000305175781, 103.40000152587891,
    104.5, 105.59999847412109, 106.69999694824219, 107.80000305175781, 108.90000152587891,
    110,   111.09999847412109, 112.19999694824219, 113.30000305175781, 114.40000152587891,
    115.5, 116.59999847412109, 117.69999694824219, 118.80000305175781, 119.90000152587891,
    121,   122.09999847412109, 123.19999694824219, 124.30000305175781, 125.40000152587891,
    126.5, 127.59999847412109, 128.69999694824219, 129.80000305175781, 130.89999389648438};
static const float values30[] = {1};
static const float values31[] = {0.5};
static const float values32[] = {9.9999997473787516e-06};
static const float values33[] = {10000000272564224};
static const float values34[] = {123456792};
static const float values35[] = {-2.25};
static const float values36[] = {0.3333333432674408};
static const float values37[] = {999999986991104};
static const float values38[] = {0};
static const float values39[] = {100};
static const double values40[] = {0.10000000000000001};
static const double values41[] = {0.33333333333333331};
static const double values42[] = {1e+22};
static const int32_t values43[] = {1LL, -20LL, 300LL};
static const int64_t values44[] = {1LL, -9223372036854775807LL};
static const int32_t values45[] = {7LL};
static const uint8_t values46[] = {0LL, 255LL};
static const uint8_t values47[] = {1, 0, 1};
static const uint8_t values48[] = {1};
static const int32_t values49[] = {0LL,     1000LL,  2000LL,  3000LL,  4000LL,  5000LL,  6000LL,  7000LL,
                                   8000LL,  9000LL,  10000LL, 11000LL, 12000LL, 13000LL, 14000LL, 15000LL,
                                   16000LL, 17000LL, 18000LL, 19000LL, 20000LL, 21000LL, 22000LL, 23000LL,
                                   24000LL, 25000LL, 26000LL, 27000LL, 28000LL, 29000LL, 30000LL, 31000LL,
                                   32000LL, 33000LL, 34000LL, 35000LL, 36000LL, 37000LL, 38000LL, 39000LL};
static const float values50[] = {0};
static const uint16_t values51[] = {11878, 15872, 25552};
static const float values52[] = {1, 2, -0.5, -1.25};
static const double values53[] = {9.9999999999999995e-08, 2, 3, 0};
static const Case cases[] = {
    {TF_FLOAT, 1, {3}, values0, 0, "[1. 1. 1.]"},
    {TF_FLOAT, 1, {5}, values1, 0, "[0. 0. 0. 0. 0.]"},
    {TF_FLOAT, 1, {2}, values2, 0, "[0.5 2. ]"},
    {TF_FLOAT, 1, {2}, values3, 0, "[-1.25 10.  ]"},
    {TF_FLOAT, 1, {3}, values4, 0, "[0.1 0.2 0.3]"},
    {TF_FLOAT, 1, {2}, values5, 0, "[1.e-05 1.e+00]"},
    {TF_FLOAT, 1, {2}, values6, 0, "[1.e+08 1.e+00]"},
    {TF_FLOAT, 1, {2}, values7, 0, "[1.2345679e+08 1.0000000e+00]"},
    {TF_FLOAT, 1, {1}, values8, 0, "[1.e+10]"},
    {TF_FLOAT, 1, {3}, values9, 0, "[nan  1. inf]"},
    {TF_FLOAT, 1, {2}, values10, 0, "[ -inf 0.001]"},
    {TF_FLOAT, 1, {2}, values11, 0, "[0.33333334 0.6666667 ]"},
    {TF_FLOAT, 2, {2, 2}, values12, 0, "[[1. 2.]\n [3. 4.]]"},
    {TF_FLOAT, 3, {2, 2, 2}, values13, 0, "[[[0. 1.]\n  [2. 3.]]\n\n [[4. 5.]\n  [6. 7.]]]"},
    {TF_FLOAT, 1, {2}, values14, 0, "[-0.  1.]"},
    {TF_FLOAT, 1, {3}, values15, 0, "[   3.1415927    2.7182817 1000.       ]"},
    {TF_FLOAT, 1, {3}, values16, 0, "[3.1415927e+00 1.0010000e+03 1.0000000e+00]"},
    {TF_FLOAT, 1, {2}, values17, 0, "[1.e-10 2.e-10]"},
    {TF_FLOAT, 1, {2}, values18, 0, "[1.e+20 1.e-20]"},
    {TF_FLOAT, 1, {2}, values19, 0, "[1.2345678e+07 1.0000000e+00]"},
    {TF_FLOAT, 1, {2}, values20, 0, "[1.0000e+08 1.2345e+04]"},
    {TF_DOUBLE, 1, {3}, values21, 0, "[1.00000000e-01 3.33333333e-01 1.00000000e-09]"},
    {TF_DOUBLE, 1, {2}, values22, 0, "[0.1        0.33333333]"},
    {TF_DOUBLE, 1, {2}, values23, 0, "[6.66666667e+04 1.00000000e+00]"},
    {TF_DOUBLE, 1, {2}, values24, 0, "[ 1.e+100 -1.e+000]"},
    {TF_FLOAT,
     1,
     {60},
     values25,
     0,
     "[-20.   -19.63 -19.26 -18.89 -18.52 -18.15 -17.78 -17.41 -17.04 -16.67\n -16.3  -15.93 -15.56 -1"
     "5.19 -14.82 -14.45 -14.08 -13.71 -13.34 -12.97\n -12.6  -12.23 -11.86 -11.49 -11.12 -10.75 -10.3"
     "8 -10.01  -9.64  -9.27\n  -8.9   -8.53  -8.16  -7.79  -7.42  -7.05  -6.68  -6.31  -5.94  -5.57\n"
     "  -5.2   -4.83  -4.46  -4.09  -3.72  -3.35  -2.98  -2.61  -2.24  -1.87\n  -1.5   -1.13  -0.76  -"
     "0.39  -0.02   0.35   0.72   1.09   1.46   1.83]"},
    {TF_FLOAT,
     2,
     {4, 30},
     values26,
     0,
     "[[  0.    1.1   2.2   3.3   4.4   5.5   6.6   7.7   8.8   9.9  11.   12.1\n   13.2  14.3  15.4  "
     "16.5  17.6  18.7  19.8  20.9  22.   23.1  24.2  25.3\n   26.4  27.5  28.6  29.7  30.8  31.9]\n ["
     " 33.   34.1  35.2  36.3  37.4  38.5  39.6  40.7  41.8  42.9  44.   45.1\n   46.2  47.3  48.4  49"
     ".5  50.6  51.7  52.8  53.9  55.   56.1  57.2  58.3\n   59.4  60.5  61.6  62.7  63.8  64.9]\n [ 6"
     "6.   67.1  68.2  69.3  70.4  71.5  72.6  73.7  74.8  75.9  77.   78.1\n   79.2  80.3  81.4  82.5"
     "  83.6  84.7  85.8  86.9  88.   89.1  90.2  91.3\n   92.4  93.5  94.6  95.7  96.8  97.9]\n [ 99."
     "  100.1 101.2 102.3 103.4 104.5 105.6 106.7 107.8 108.9 110.  111.1\n  112.2 113.3 114.4 115.5 1"
     "16.6 117.7 118.8 119.9 121.  122.1 123.2 124.3\n  125.4 126.5 127.6 128.7 129.8 130.9]]"},
    {TF_FLOAT, 1, {1001}, NULL, 1, "[   0.    1.    2. ...  998.  999. 1000.]"},
    {TF_FLOAT,
     2,
     {40, 60},
     NULL,
     1,
     "[[0.000e+00 1.000e+00 2.000e+00 ... 5.700e+01 5.800e+01 5.900e+01]\n [6.000e+01 6.100e+01 6.200e"
     "+01 ... 1.170e+02 1.180e+02 1.190e+02]\n [1.200e+02 1.210e+02 1.220e+02 ... 1.770e+02 1.780e+02 "
     "1.790e+02]\n ...\n [2.220e+03 2.221e+03 2.222e+03 ... 2.277e+03 2.278e+03 2.279e+03]\n [2.280e+0"
     "3 2.281e+03 2.282e+03 ... 2.337e+03 2.338e+03 2.339e+03]\n [2.340e+03 2.341e+03 2.342e+03 ... 2."
     "397e+03 2.398e+03 2.399e+03]]"},
    {TF_FLOAT,
     2,
     {2000, 1},
     NULL,
     7,
     "[[0.0000000e+00]\n [1.4285715e-01]\n [2.8571430e-01]\n ...\n [2.8528571e+02]\n [2.8542856e+02]\n"
     " [2.8557144e+02]]"},
    {TF_FLOAT, 0, {0}, values30, 0, "1.0"},
    {TF_FLOAT, 0, {0}, values31, 0, "0.5"},
    {TF_FLOAT, 0, {0}, values32, 0, "1e-05"},
    {TF_FLOAT, 0, {0}, values33, 0, "1e+16"},
    {TF_FLOAT, 0, {0}, values34, 0, "123456790.0"},
    {TF_FLOAT, 0, {0}, values35, 0, "-2.25"},
    {TF_FLOAT, 0, {0}, values36, 0, "0.33333334"},
    {TF_FLOAT, 0, {0}, values37, 0, "1000000000000000.0"},
    {TF_FLOAT, 0, {0}, values38, 0, "0.0"},
    {TF_FLOAT, 0, {0}, values39, 0, "100.0"},
    {TF_DOUBLE, 0, {0}, values40, 0, "0.1"},
    {TF_DOUBLE, 0, {0}, values41, 0, "0.3333333333333333"},
    {TF_DOUBLE, 0, {0}, values42, 0, "1e+22"},
    {TF_INT32, 1, {3}, values43, 0, "[  1 -20 300]"},
    {TF_INT64, 2, {2, 1}, values44, 0, "[[                   1]\n [-9223372036854775807]]"},
    {TF_INT32, 0, {0}, values45, 0, "7"},
    {TF_UINT8, 1, {2}, values46, 0, "[  0 255]"},
    {TF_BOOL, 1, {3}, values47, 0, "[ True False  True]"},
    {TF_BOOL, 0, {0}, values48, 0, "True"},
    {TF_INT32,
     1,
     {40},
     values49,
     0,
     "[    0  1000  2000  3000  4000  5000  6000  7000  8000  9000 10000 11000\n 12000 13000 14000 150"
     "00 16000 17000 18000 19000 20000 21000 22000 23000\n 24000 25000 26000 27000 28000 29000 30000 3"
     "1000 32000 33000 34000 35000\n 36000 37000 38000 39000]"},
    {TF_FLOAT, 2, {0, 3}, values50, 0, "[]"},
    {TF_HALF, 1, {3}, values51, 0, "[1.0e-01 1.5e+00 1.0e+03]"},
    {TF_COMPLEX64, 1, {2}, values52, 0, "[ 1. +2.j   -0.5-1.25j]"},
    {TF_COMPLEX128, 2, {2, 1}, values53, 0, "[[1.e-07+2.j]\n [3.e+00+0.j]]"},
};

static TF_Tensor *make(const Case *c) {
  SM_Shape shape = {c->dims, c->rank};
  TF_Tensor *t = SM_TensorOf(c->dtype, shape, c->values);
  assert_non_null(t);
  float *data = TF_TensorData(t);
  for (int64_t i = 0; !c->values && i < TF_TensorElementCount(t); i++)
    data[i] = (float)((double)i / c->divisor);
  return t;
}

static void prints_as_numpy(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    TF_Tensor *t = make(&cases[i]);
    char *text = SM_TensorText(t);
    assert_string_equal(text, cases[i].text);
    free(text);
    TF_DeleteTensor(t);
  }
}

static void prints_strings_as_python_bytes(void **state) {
  (void)state;
  TF_Tensor *t = SM_TensorStrings(SM_SHAPE(4), (const char *const[]){"a", "it's", "tab\t\\", "h\xc3\xa9"});
  char *text = SM_TensorText(t);
  assert_string_equal(text, "[b'a' b\"it's\" b'tab\\t\\\\' b'h\\xc3\\xa9']");
  free(text);
  TF_DeleteTensor(t);
  text = SM_TensorText(NULL);
  assert_string_equal(text, "None");
  free(text);
}

static void fills_by_type(void **state) {
  (void)state;
  static const struct {
    TF_DataType dtype;
    double value;
    const char *text;
  } fills[] = {
      {TF_FLOAT, 1.5, "[1.5 1.5]"},  {TF_DOUBLE, 0.1, "[0.1 0.1]"},
      {TF_HALF, 0.1, "[0.1 0.1]"},   {TF_BFLOAT16, 3, "[3. 3.]"},
      {TF_INT8, -5, "[-5 -5]"},      {TF_UINT64, 7, "[7 7]"},
      {TF_BOOL, 2, "[ True  True]"}, {TF_COMPLEX64, 2, "[2.+0.j 2.+0.j]"},
      {TF_STRING, 0, "[b'' b'']"},   {TF_UINT8, -1, NULL},
      {TF_INT8, 128, NULL},          {TF_STRING, 1, NULL},
      {TF_RESOURCE, 0, NULL},
  };
  for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
    TF_Tensor *t = SM_TensorFill(fills[i].dtype, SM_SHAPE(2), fills[i].value);
    if (!fills[i].text) {
      assert_null(t);
      continue;
    }
    char *text = SM_TensorText(t);
    assert_string_equal(text, fills[i].text);
    free(text);
    TF_DeleteTensor(t);
  }
  assert_null(SM_TensorF32(SM_SHAPE(-1), NULL));
  assert_null(SM_TensorF32(SM_SHAPE(INT64_MAX, 8), NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prints_as_numpy),
      cmocka_unit_test(prints_strings_as_python_bytes),
      cmocka_unit_test(fills_by_type),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
