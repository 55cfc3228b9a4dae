// SPDX-License-Identifier: Apache-2.0
// What is judged is what is opened: a link that is turned between the two turns nothing.
#include "drivers/block_device/kernel_view.h"
#include "drivers/block_device/opened_file.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

using namespace drivers::block_device;
namespace fs = std::filesystem;

namespace {

void make_file(const std::string& path, off_t size) {
    std::ofstream(path).close();
    REQUIRE(::truncate(path.c_str(), size) == 0);
}

ino_t inode_of(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

ino_t inode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

// The kernel's list of swap places as a pipe: whoever judges a file reads it, after the file was
// looked at and before it is opened. Then, and not by chance, the name is turned.
class Meanwhile {
public:
    template <typename Act>
    Meanwhile(const std::string& proc, Act act) {
        fs::create_directories(proc);
        const std::string pipe = proc + "/swaps";
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
        thread_ = std::thread([pipe, act] {
            const int fd = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC); // When it is being read.
            act();
            ::close(fd);
        });
    }
    ~Meanwhile() { thread_.join(); }
    Meanwhile(const Meanwhile&) = delete;
    Meanwhile& operator=(const Meanwhile&) = delete;

private:
    std::thread thread_;
};

} // namespace

TEST_CASE("a link that is turned while its file is judged is followed no second time",
          "[block_device]") {
    const tests::ScratchFolder folder;
    const std::string a = folder.path() + "/A";
    const std::string b = folder.path() + "/B";
    const std::string lun = folder.path() + "/lun";
    make_file(a, 8 << 20U);
    make_file(b, 16 << 20U);
    fs::create_symlink(a, lun);
    const KernelView view{folder.path() + "/sys", folder.path() + "/proc"};
    bool turned = false;
    const auto turn = [&] {
        fs::create_symlink(b, lun + ".new");
        fs::rename(lun + ".new", lun);
        turned = true;
    };
    const auto file = [&] {
        const Meanwhile meanwhile(view.proc, turn);
        return std::make_unique<OpenedFile>(lun, view);
    }();
    REQUIRE(turned);
    CHECK(inode_of(lun) == inode_of(b));
    CHECK(inode_of(file->fd()) == inode_of(a));
    CHECK(file->status().st_ino == inode_of(a));
    CHECK(file->is_writable());
    CHECK(file->size_bytes() == 8U << 20U);
    CHECK(inode_of(file->pinned_path()) == inode_of(a));
    CHECK(file->replacement()); // And whoever asks is told.
}

TEST_CASE("a file that is renamed over while it is judged is not opened", "[block_device]") {
    const tests::ScratchFolder folder;
    const std::string a = folder.path() + "/A";
    make_file(a, 8 << 20U);
    make_file(folder.path() + "/B", 16 << 20U);
    const ino_t judged = inode_of(a);
    const KernelView view{folder.path() + "/sys", folder.path() + "/proc"};
    const auto file = [&] {
        const Meanwhile meanwhile(view.proc, [&] { fs::rename(folder.path() + "/B", a); });
        return std::make_unique<OpenedFile>(a, view);
    }();
    CHECK(inode_of(file->fd()) == judged);
    CHECK(file->size_bytes() == 8U << 20U);
    CHECK(file->replacement());
}
