#pragma once

// What the program without an operating system uses of AMD's standalone library (UG643).

#include <cstdint>

typedef uintptr_t UINTPTR;
typedef intptr_t INTPTR;

void Xil_Out32(UINTPTR address, uint32_t value);
uint32_t Xil_In32(UINTPTR address);
