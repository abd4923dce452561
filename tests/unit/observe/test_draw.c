/* Draws against floating point: lib/observe/draw.c. */
#include "unit/alone.h"

#include "observe/draw.h"

/* log and exp by their series, so that the test links no libm. */
static double natural_log(double x)
{
    int power = 0;
    for (; x < 0.7; x *= 2)
        power--;
    for (; x > 1.5; x /= 2)
        power++;
    double y = (x - 1) / (x + 1);
    double sum = 0;
    double term = y;
    for (int i = 1; i < 80; i += 2, term *= y * y)
        sum += term / i;
    return 2 * sum + power * 0.69314718055994530942;
}

static double exponential(double x)
{
    double sum = 1;
    double term = 1;
    for (int i = 1; i < 200; i++) {
        term *= x / i;
        sum += term;
    }
    return sum;
}

static double distance(double a, double b)
{
    return a > b ? a - b : b - a;
}

static void the_logarithm_is_right_to_its_last_bits(void)
{
    uint64_t state = 1;
    for (unsigned i = 0; i < 2000; i++) {
        uint64_t word = ep__draw_word(&state) >> i % 64;
        word += word == 0;
        double wanted = -natural_log((double)word / 18446744073709551616.0);
        assert_true(distance((double)ep__draw_log(word) / 4294967296.0, wanted) < 1e-8);
    }
    assert_true((double)ep__draw_log(UINT64_MAX) < 8);
    assert_true(distance((double)ep__draw_log(1) / 4294967296.0, 64 * 0.69314718056) < 1e-8);
}

static void a_weight_is_one_over_the_probability(void)
{
    static const uint64_t intervals[] = {1, 4096, 524288, 1000003, EP__INTERVAL_MAX};
    for (unsigned i = 0; i < 5; i++) {
        for (uint64_t bytes = 16; bytes < 1 << 30; bytes += bytes / 3 + 16) {
            double x = (double)bytes / (double)intervals[i];
            double wanted = 1 / (1 - exponential(-x));
            double got = (double)ep__draw_weight(bytes, intervals[i]) / EP__WEIGHT_ONE;
            /* Beyond, the series is too coarse. */
            assert_true(distance(got, x < 20 ? wanted : 1) <= got * 2e-5);
        }
    }
}

static void weighing_does_not_come_round(void)
{
    assert_int_equal(ep__draw_weigh(100, EP__WEIGHT_ONE), 100);
    assert_int_equal(ep__draw_weigh(100, EP__WEIGHT_ONE * 5 / 2), 250);
    assert_true(ep__draw_weigh(UINT64_MAX / 2, UINT64_MAX / 2) == UINT64_MAX);
}

/* The mean and the share of zeros of 100,000 draws, within four standard errors. */
static void draws_have_the_distribution(void)
{
    enum { DRAWS = 100000, INTERVAL = 524288 };
    static const uint64_t sizes[] = {16, 1024, 32768, 1 << 20};
    uint64_t state = 42;
    double bytes = 0;
    for (unsigned i = 0; i < DRAWS; i++)
        bytes += (double)ep__draw_bytes(&state, INTERVAL);
    assert_true(distance(bytes / DRAWS, INTERVAL) < 4.0 * INTERVAL / 316);
    for (unsigned j = 0; j < 4; j++) {
        double blocks = 0;
        double zeros = 0;
        double p = 1 - exponential(-(double)sizes[j] / INTERVAL);
        for (unsigned i = 0; i < DRAWS; i++) {
            uint64_t drawn = ep__draw_blocks(&state, INTERVAL, sizes[j]);
            blocks += (double)drawn;
            zeros += drawn == 0;
        }
        double mean = (1 - p) / p;
        double deviation = 1 / p; /* at least the true one */
        assert_true(distance(blocks / DRAWS, mean) < 4 * deviation / 316);
        assert_true(distance(zeros / DRAWS, p) < 4 * 0.5 / 316);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_logarithm_is_right_to_its_last_bits),
        alone(a_weight_is_one_over_the_probability),
        alone(weighing_does_not_come_round),
        alone(draws_have_the_distribution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
