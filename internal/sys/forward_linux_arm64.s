#include "textflag.h"

// See forward_linux.go for what these do and why. Numbers of system calls are
// those of this architecture; offsets follow struct forwardSlot.

#define SYS_futex 98
#define SYS_getpid 172
#define FUTEX_WAKE_PRIVATE 129
#define RING_MASK 0x1ffff

// forward is the handler: func(signo int32, info *siginfo_t, context *ucontext_t)
// in the C convention, called by the kernel on any thread, also on one that has no
// g. R0 to R2, the return address and the stack are kept for the handler that was
// there before, and so is R28, where Go's handler looks for its g. Every other
// register is the interrupted code's no more, since rt_sigreturn restores them all.
TEXT ·forward(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	SXTW R0, R9
	MOVD R1, R10
	MOVD R2, R11
	// A child between fork and exec may share this memory, but not these signals.
	MOVD $SYS_getpid, R8
	SVC
	MOVD ·forwardPID(SB), R3
	CMP  R0, R3
	BNE  former
	MOVD $·forwardHead(SB), R4
	MOVD $·forwardRing(SB), R16
again:
	LDAR (R4), R5
	AND  $RING_MASK, R5, R6 // R6: the slot's index
	SUB  R6, R5, R7 // R7: what a free slot's turn says
	ADD  R6<<6, R16, R12 // R12: the slot
	LDAR (R12), R13
	SUBS R7, R13, R13
	BEQ  claim
	BLT  full
	B    again // another thread has taken this slot
claim:
	LDAXR (R4), R13
	CMP  R5, R13
	BNE  again
	ADD  $1, R5, R14
	STLXR R14, (R4), R15
	CBNZ R15, again
	LDP  0(R10), (R0, R1)
	LDP  16(R10), (R2, R3)
	LDP  32(R10), (R13, R14)
	STP  (R0, R1), 8(R12)
	STP  (R2, R3), 24(R12)
	STP  (R13, R14), 40(R12)
	ADD  $1, R7, R13
	STLR R13, (R12)
	B    wake
full:
	MOVD $·forwardLost(SB), R3
	ADD  R9<<3, R3, R3
more:
	LDAXR (R3), R13
	ADD  $1, R13, R13
	STLXR R13, (R3), R15
	CBNZ R15, more
wake:
	DMB  $0xb // publish, before looking whether somebody sleeps
	MOVD $·forwardAsleep(SB), R0
	MOVWU (R0), R3
	CBZ  R3, former
swap:
	LDAXRW (R0), R3
	STLXRW ZR, (R0), R15
	CBNZ R15, swap
	CBZ  R3, former
	MOVD $FUTEX_WAKE_PRIVATE, R1
	MOVD $1, R2
	MOVD $SYS_futex, R8
	SVC
former:
	MOVD R9, R0
	MOVD R10, R1
	MOVD R11, R2
	MOVD $·forwardFormer(SB), R3
	ADD  R9<<3, R3, R3
	MOVD (R3), R3
	CMP  $1, R3 // SIG_DFL is 0, SIG_IGN is 1
	BLS  done
	B    (R3)
done:
	RET

// func forwardAddress() (handler, restorer uintptr)
TEXT ·forwardAddress(SB),NOSPLIT,$0-16
	MOVD $·forward(SB), R0
	MOVD R0, handler+0(FP)
	MOVD ZR, restorer+8(FP) // the kernel's own, in the vDSO
	RET
