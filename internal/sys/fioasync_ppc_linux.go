//go:build linux && (ppc64 || ppc64le)

package sys

const fioasync = 0x8004667d // FIOASYNC, _IOW('f', 125, int), linux/arch/powerpc/include/uapi/asm/ioctls.h
