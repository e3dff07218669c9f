// Nothing: a library that has a name and is loaded for it (see models/nets/libtorch_name.h).
