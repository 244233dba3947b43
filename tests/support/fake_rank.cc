// A rank that does what its arguments say, one after the other; "R:" in front limits one to rank R.
//   say=LINE         one line to the agent       steps=FROM:TO:MS   a step report every MS
//   hear=FILE        the agent's next line goes to FILE
//   err=TEXT         a line on standard error    sleep_ms=N, exit=N, kill=SIGNAL, forever
//   save=FILE:CODE   from here on SIGTERM writes FILE and exits CODE       deaf   SIGTERM is ignored
//   child=FILE       starts a process that sleeps, its pid goes to FILE
//   environment=FILE, descriptors=FILE   what this process was given
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

char save_file[4096];
int save_code = 0;

void save_and_exit(int) {
  const int fd = ::open(save_file, O_WRONLY | O_CREAT, 0644);
  if (fd >= 0) ::close(fd);
  ::_exit(save_code);
}

void pause_ms(long ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

int agent() {
  static const int fd = [] {
    const char* path = std::getenv("LONGHAUL_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path == nullptr ? "" : path, sizeof address.sun_path - 1);
    const int s = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::perror("connect");
    return s;
  }();
  return fd;
}

void say(std::string line) {
  line += '\n';
  if (::send(agent(), line.data(), line.size(), MSG_NOSIGNAL) < 0) std::perror("send");
}

void say_steps(const std::string& range) {
  int from = 0, to = 0, ms = 0;
  std::sscanf(range.c_str(), "%d:%d:%d", &from, &to, &ms);
  for (int step = from; step <= to; ++step) {
    say("{\"step\":" + std::to_string(step) + ",\"phase\":\"train\",\"loss\":2.5}");
    pause_ms(ms);
  }
}

void hear(const std::string& file) {
  std::string line;
  char c = 0;
  while (::recv(agent(), &c, 1, 0) == 1 && c != '\n') line += c;
  std::ofstream(file) << line;
}

void start_child(const std::string& file) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGTERM, SIG_IGN);
    for (;;) ::pause();
  }
  std::ofstream(file + ".new") << pid;
  std::rename((file + ".new").c_str(), file.c_str());
}

void write_environment(const std::string& file) {
  std::ofstream out(file + ".new");
  for (char** entry = environ; *entry != nullptr; ++entry) out << *entry << '\n';
  out.close();
  std::rename((file + ".new").c_str(), file.c_str());
}

void write_descriptors(const std::string& file) {
  std::string list;  // written afterwards: the file itself must not be in it
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd <= 2 || fd == ::dirfd(directory)) continue;
    char target[256] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (::readlink(link.c_str(), target, sizeof target - 1) > 0)
      list += std::to_string(fd) + " " + target + "\n";
  }
  ::closedir(directory);
  std::ofstream(file + ".new") << list;
  std::rename((file + ".new").c_str(), file.c_str());
}

void act(const std::string& name, const std::string& value) {
  if (name == "say") say(value);
  if (name == "steps") say_steps(value);
  if (name == "hear") hear(value);
  if (name == "err") std::fprintf(stderr, "%s\n", value.c_str());
  if (name == "sleep_ms") pause_ms(std::atol(value.c_str()));
  if (name == "exit") std::_Exit(std::atoi(value.c_str()));
  if (name == "kill") ::raise(std::atoi(value.c_str()));
  if (name == "deaf") ::signal(SIGTERM, SIG_IGN);
  if (name == "child") start_child(value);
  if (name == "environment") write_environment(value);
  if (name == "descriptors") write_descriptors(value);
  if (name == "save") {
    const size_t colon = value.rfind(':');
    std::strncpy(save_file, value.substr(0, colon).c_str(), sizeof save_file - 1);
    save_code = std::atoi(value.c_str() + colon + 1);
    ::signal(SIGTERM, save_and_exit);
  }
  while (name == "forever") ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  const char* rank = std::getenv("RANK");
  const std::string own = rank == nullptr ? "" : rank;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    const size_t colon = argument.find(':');
    if (colon != std::string::npos && argument.find_first_not_of("0123456789") == colon && colon > 0) {
      if (argument.substr(0, colon) != own) continue;
      argument = argument.substr(colon + 1);
    }
    const size_t equals = std::min(argument.find('='), argument.size());
    act(argument.substr(0, equals), equals < argument.size() ? argument.substr(equals + 1) : "");
  }
  return 0;
}
