#ifndef FAKE_FSL_SOC_SRC_H
#define FAKE_FSL_SOC_SRC_H

enum {
  kSRC_M7CoreIppResetFlag = 1,
  kSRC_M7CoreM7LockUpResetFlag = 4,
  kSRC_M7CoreWdogResetFlag = 32,
  kSRC_M7CoreWdog3ResetFlag = 256,
  kSRC_M7CoreWdog4ResetFlag = 512
};

#endif
