#include "KernelInterface.h"
