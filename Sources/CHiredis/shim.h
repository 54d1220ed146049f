// Of hiredis what writes commands and reads replies: sockets, deadlines and TLS are ours.
#pragma once

#include <hiredis/hiredis.h>
