// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace bench::campaign {

// A folder of its own under the system's temporary one, gone with its contents at the end.
class ScratchSpace {
public:
    explicit ScratchSpace(const std::string& purpose); // Part of its name. Throws HostError.
    ~ScratchSpace();
    ScratchSpace(const ScratchSpace&) = delete;
    ScratchSpace& operator=(const ScratchSpace&) = delete;
    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

} // namespace bench::campaign
