//go:build linux && (mips || mipsle || mips64 || mips64le)

package sys

const fioasync = 0x667d // FIOASYNC, linux/arch/mips/include/uapi/asm/ioctls.h
