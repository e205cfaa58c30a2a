#pragma once

#include <cstdint>

typedef uint64_t XTime;
#define COUNTS_PER_SECOND 333333343

void XTime_GetTime(XTime *now);
