// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

namespace tests {

// A loop device over a file, taken off again with this object. Where this user may have none,
// name() is empty and the test says that it was left out.
class LoopDevice {
public:
    explicit LoopDevice(const std::string& file) {
        const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        const int backing = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
        constexpr int attempts = 10; // Another test may take the same free one.
        for (int i = 0; i < attempts && control >= 0 && backing >= 0 && name_.empty(); ++i) {
            const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
            const std::string name = "/dev/loop" + std::to_string(number);
            const int device = number < 0 ? -1 : ::open(name.c_str(), O_RDWR | O_CLOEXEC);
            if (device >= 0 && ::ioctl(device, LOOP_SET_FD, backing) == 0) {
                name_ = name;
            }
            if (device >= 0) {
                ::close(device);
            }
        }
        for (const int fd : {control, backing}) {
            if (fd >= 0) {
                ::close(fd);
            }
        }
    }
    ~LoopDevice() {
        const int device = name_.empty() ? -1 : ::open(name_.c_str(), O_RDONLY | O_CLOEXEC);
        if (device >= 0) {
            ::ioctl(device, LOOP_CLR_FD);
            ::close(device);
        }
    }
    LoopDevice(const LoopDevice&) = delete;
    LoopDevice& operator=(const LoopDevice&) = delete;

    const std::string& name() const { return name_; }

private:
    std::string name_;
};

} // namespace tests
