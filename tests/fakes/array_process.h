// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tests {

// An emulated array served by the built program in a process of its own, as a foreign one would be.
class ArrayProcess {
public:
    static constexpr const char* unique_id = "62f0a1b2c3d4e5f600000000000000a1";

    // `more`: further keys of "emulated", each led by a comma.
    explicit ArrayProcess(const std::string& more = "", const std::string& size = "64MiB")
        : program_({"array", write_file(folder_.path(), more, size)}, folder_.path()) {
        using namespace std::chrono_literals;
        for (int look = 0; look < 1000 && urls().size() < 4; ++look) {
            std::this_thread::sleep_for(10ms);
        }
        if (urls().size() < 4) {
            throw std::runtime_error("the array process says nothing: " + program_.err());
        }
    }

    // Two iSCSI portals of two controllers, then two of NVMe/TCP.
    std::vector<std::string> urls() const {
        std::istringstream lines(program_.out());
        std::vector<std::string> out;
        for (std::string line; std::getline(lines, line);) {
            out.push_back(line);
        }
        return out;
    }

    void signal(int number) const { program_.signal(number); }
    int wait() { return program_.wait(); }

    static std::string
    write_file(const std::string& folder, const std::string& more, const std::string& size) {
        const std::string path = folder + "/array.json";
        results::write_whole_file(
            path,
            R"({"$schema": "arraybench/array/v1", "name": "emulated", "identity": {
                "vendor": "ARRBENCH", "product": "TEST", "revision": "0001", "serial": "TEST0001",
                "nvme_model": "arraybench test"}, "emulated": {"seed": 1, "controllers": 2,
                "access": "symmetric", "volumes": [{"name": "lun0", "size": ")" +
                size + R"(", "serial": "TEST0000", "unique_id": ")" + unique_id +
                R"(", "owner": 0}], "portals": [)" + portals() + "]" + more + "}}");
        return path;
    }

private:
    static std::string portals() {
        std::string out;
        for (const char* transport : {"iscsi", "nvme_tcp"}) {
            for (const char* controller : {"0", "1"}) {
                const std::string name = transport == std::string("iscsi") ? "iqn" : "nqn";
                out += (out.empty() ? "" : ",") + std::string(R"({"transport": ")") + transport +
                       R"(", "controller": )" + controller + R"(, "name": ")" + name +
                       R"(.2026-01.org.arraybench:test", "group_tag": )" +
                       (controller == std::string("0") ? "1" : "2") + "}";
            }
        }
        return out;
    }

    ScratchFolder folder_;
    ProgramRun program_;
};

} // namespace tests
