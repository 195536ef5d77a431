//go:build linux && !(mips || mipsle || mips64 || mips64le || ppc64 || ppc64le)

package sys

const fioasync = 0x5452 // FIOASYNC, linux/include/uapi/asm-generic/ioctls.h
