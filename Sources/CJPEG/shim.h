#pragma once

// jpeglib.h takes size_t and FILE from here.
#include <stdio.h>

#include <jpeglib.h>
