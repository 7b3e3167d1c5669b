/* This file counts on every operation being done as written, on floats, and on numbers that are none being told from others. */
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "compile this file without -ffast-math, -fassociative-math, -freciprocal-math and -ffinite-math-only"
#endif
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "this compiler computes floats in a wider format (x87): compile this file with -msse2 -mfpmath=sse"
#endif
#if defined(__clang__)
/* It says by no macro that sums may be put into another order. */
#pragma clang fp reassociate(off)
#pragma clang diagnostic ignored "-Wused-but-marked-unused"
#endif

