"""From a typed tree to machine code: CFG, liveness, frames, resume functions, LLVM IR, PTX or object code."""
