#pragma once

#include "xil_io.h"

void Xil_DCacheFlushRange(INTPTR address, INTPTR bytes);
void Xil_DCacheInvalidateRange(INTPTR address, INTPTR bytes);
