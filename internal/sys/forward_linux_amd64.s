#include "textflag.h"

// See forward_linux.go for what these do and why. Numbers of system calls are
// those of this architecture; offsets follow struct forwardSlot.

#define SYS_rt_sigreturn 15
#define SYS_getpid 39
#define SYS_futex 202
#define FUTEX_WAKE_PRIVATE 129
#define RING_MASK 0x1ffff

// forward is the handler: func(signo int32, info *siginfo_t, context *ucontext_t)
// in the C convention, called by the kernel on any thread, also on one that has no
// g. DI, SI, DX and the stack are kept for the handler that was there before; every
// other register is the interrupted code's no more, since rt_sigreturn restores
// them all.
TEXT ·forward(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVLQSX DI, R12
	MOVQ SI, R13
	MOVQ DX, R15
	// A child between fork and exec may share this memory, but not these signals.
	MOVL $SYS_getpid, AX
	SYSCALL
	CMPQ AX, ·forwardPID(SB)
	JNE  former
	LEAQ ·forwardRing(SB), DI
	MOVQ ·forwardHead(SB), R8
again:
	MOVQ R8, R9
	ANDQ $RING_MASK, R9 // R9: the slot's index
	MOVQ R8, R10
	SUBQ R9, R10 // R10: what a free slot's turn says
	SHLQ $6, R9
	ADDQ DI, R9 // R9: the slot
	MOVQ (R9), AX
	SUBQ R10, AX
	JEQ  claim
	JLT  full
	MOVQ ·forwardHead(SB), R8 // another thread has taken this slot
	JMP  again
claim:
	MOVQ R8, AX
	LEAQ 1(R8), CX
	LOCK
	CMPXCHGQ CX, ·forwardHead(SB)
	JEQ  claimed
	MOVQ AX, R8
	JMP  again
claimed:
	MOVQ 0(R13), AX
	MOVQ 8(R13), CX
	MOVQ 16(R13), DX
	MOVQ 24(R13), SI
	MOVQ 32(R13), R8
	MOVQ 40(R13), R11
	MOVQ AX, 8(R9)
	MOVQ CX, 16(R9)
	MOVQ DX, 24(R9)
	MOVQ SI, 32(R9)
	MOVQ R8, 40(R9)
	MOVQ R11, 48(R9)
	LEAQ 1(R10), AX
	XCHGQ AX, (R9) // publish, before looking whether somebody sleeps
	JMP  wake
full:
	LEAQ ·forwardLost(SB), AX
	LOCK
	INCQ (AX)(R12*8)
wake:
	MOVL ·forwardAsleep(SB), AX
	TESTL AX, AX
	JEQ  former
	XORL AX, AX
	XCHGL AX, ·forwardAsleep(SB)
	TESTL AX, AX
	JEQ  former
	LEAQ ·forwardAsleep(SB), DI
	MOVQ $FUTEX_WAKE_PRIVATE, SI
	MOVQ $1, DX
	MOVL $SYS_futex, AX
	SYSCALL
former:
	LEAQ ·forwardFormer(SB), AX
	MOVQ (AX)(R12*8), AX
	CMPQ AX, $1 // SIG_DFL is 0, SIG_IGN is 1
	JLS  done
	MOVQ R12, DI
	MOVQ R13, SI
	MOVQ R15, DX
	JMP  AX
done:
	RET

// restorer is where a handler returns to; the kernel wants one on this
// architecture.
TEXT ·restorer(SB),NOSPLIT|NOFRAME|TOPFRAME,$0
	MOVQ $SYS_rt_sigreturn, AX
	SYSCALL
	INT $3

// func forwardAddress() (handler, restorer uintptr)
TEXT ·forwardAddress(SB),NOSPLIT,$0-16
	LEAQ ·forward(SB), AX
	MOVQ AX, handler+0(FP)
	LEAQ ·restorer(SB), AX
	MOVQ AX, restorer+8(FP)
	RET
