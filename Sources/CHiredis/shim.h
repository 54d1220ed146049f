// Of hiredis what reads replies: sockets, deadlines, TLS and the five lines that write a command are ours.
#pragma once

#include <hiredis/hiredis.h>
