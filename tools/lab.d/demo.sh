lab_demo() { fail later; }
