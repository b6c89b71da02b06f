// Vectors of the clinical reference, section 5.3, computed there in double precision.
#include "mappings/engine/ckd_epi.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::mappings;

namespace {
constexpr auto f = equation_sex::female;
constexpr auto m = equation_sex::male;
} // namespace

TEST_CASE("ckd-epi 2021: creatinine vectors") {
    struct vector {
        double creatinine;
        int age;
        equation_sex sex;
        double egfr;
    };
    const vector table[] = {
        {0.5, 25, f, 133.4014}, {0.7, 30, f, 119.2446}, {1.0, 50, f, 68.6335},  {1.0, 50, m, 91.6915}, {0.9, 40, m, 110.7256},
        {0.6, 40, m, 125.1491}, {1.9, 40, f, 33.8097},  {2.0, 40, f, 31.7914},  {2.1, 40, f, 29.9835}, {2.2, 35, f, 29.2512},
        {2.3, 60, m, 31.7136},  {2.4, 60, m, 30.1346},  {2.5, 60, m, 28.6940},  {1.7, 75, f, 31.0794}, {1.8, 75, f, 29.0191},
        {2.0, 65, m, 36.3561},  {3.0, 45, m, 25.3098},  {1.2, 18, f, 67.2901},  {0.9, 75, m, 89.0662}, {4.0, 30, f, 14.7260},
    };
    for (const vector& v : table) {
        INFO(v.creatinine << " mg/dL, " << v.age);
        REQUIRE(ckd_epi_2021(v.creatinine, v.age, v.sex) == Approx(v.egfr).margin(1e-4).epsilon(0));
    }
}

TEST_CASE("ckd-epi 2021: the same from umol/L divided by 88.4") {
    struct vector {
        double umol;
        int age;
        equation_sex sex;
        double egfr;
    };
    const vector table[] = {{62, 30, f, 118.9677}, {88.4, 50, f, 68.6335}, {177, 40, f, 31.7483},
                            {186, 40, f, 29.9139}, {212, 60, m, 30.1619},  {221, 60, m, 28.6940}};
    for (const vector& v : table) {
        INFO(v.umol << " umol/L, " << v.age);
        REQUIRE(ckd_epi_2021(v.umol / 88.4, v.age, v.sex) == Approx(v.egfr).margin(1e-4).epsilon(0));
    }
}

TEST_CASE("ckd-epi 2021: creatinine and cystatin C vectors") {
    struct vector {
        double creatinine, cystatin_c;
        int age;
        equation_sex sex;
        double both, alone;
    };
    const vector table[] = {
        {1.0, 1.0, 50, f, 74.0362, 68.6335}, {1.0, 1.0, 50, m, 88.1440, 91.6915},  {0.6, 0.7, 30, f, 124.8651, 123.7579},
        {2.2, 1.9, 35, f, 31.0279, 29.2512}, {2.0, 2.2, 60, m, 31.4816, 37.5045}, {2.4, 2.3, 45, f, 24.5285, 24.7621},
        {1.5, 1.2, 70, f, 47.6548, 37.2569},
    };
    for (const vector& v : table) {
        INFO(v.creatinine << " mg/dL and " << v.cystatin_c << " mg/L, " << v.age);
        REQUIRE(ckd_epi_2021(v.creatinine, v.cystatin_c, v.age, v.sex) == Approx(v.both).margin(1e-4).epsilon(0));
        REQUIRE(ckd_epi_2021(v.creatinine, v.age, v.sex) == Approx(v.alone).margin(1e-4).epsilon(0));
    }
}

TEST_CASE("ckd-epi 2021: the creatinine that gives exactly 30") {
    struct vector {
        int age;
        double female, male;
    };
    const vector table[] = {{18, 2.3526, 2.9948}, {25, 2.2687, 2.8881}, {35, 2.1541, 2.7422}, {45, 2.0453, 2.6037},
                            {55, 1.9420, 2.4722}, {65, 1.8440, 2.3473}, {75, 1.7508, 2.2288}};
    for (const vector& v : table) { // the table has four decimals: one unit of the last moves the result by less than 0.001
        REQUIRE(ckd_epi_2021(v.female, v.age, f) == Approx(30).margin(1e-3).epsilon(0));
        REQUIRE(ckd_epi_2021(v.male, v.age, m) == Approx(30).margin(1e-3).epsilon(0));
    }
}
