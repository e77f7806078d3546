//! The memory of the machine and of processes.

use std::fs;

/// Bytes that this process and its children may use: the memory of the machine or the limit of the
/// control group, whichever is less; `None` if neither is known.
pub(super) fn available() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine = machine.and_then(|text| kibibytes(&text, "MemTotal:"));
    machine.into_iter().chain(group_limits()).min()
}

/// The limits of the control groups that this process is in.
fn group_limits() -> Vec<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        // The limit of every group above holds too. In a container, the path may be that outside.
        let mut group = path.trim_matches('/');
        loop {
            let text = fs::read_to_string(format!("{root}/{group}/{file}"));
            limits.extend(text.ok().and_then(|text| text.trim().parse::<u64>().ok()));
            if group.is_empty() {
                break;
            }
            group = group.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    limits
}

/// The anonymous memory that this process has in use, and the size of what it may write to, in
/// bytes.
pub(super) fn in_use() -> Option<(u64, u64)> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    Some((kibibytes(&text, "RssAnon:")?, kibibytes(&text, "VmData:")?))
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(number << 10)
}

/// Lets this process use `grant` bytes of memory. An allocation that exceeds it fails.
pub(super) fn limit(grant: u64) {
    #[cfg(target_os = "linux")]
    if let Some((used, data)) = in_use() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        // Stacks that no thread has touched yet count as data, but use no memory.
        let untouched = data.saturating_sub(used);
        let current = untouched.saturating_add(grant);
        let maximum = getrlimit(Resource::Data).maximum;
        let current = Some(maximum.map_or(current, |maximum| maximum.min(current)));
        // Without a limit, the work is done all the same.
        let _ = setrlimit(Resource::Data, Rlimit { current, maximum });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = grant;
}

/// Makes this process end with the process that started it, and never write a core file.
pub(super) fn bind_to_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{
            Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit,
        };
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = setrlimit(Resource::Core, none);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_proc() {
        assert_eq!(
            kibibytes("A: 1 kB\nMemTotal:   12 kB\n", "MemTotal:"),
            Some(12 << 10)
        );
        assert!(available().unwrap() > 1 << 26);
        let (used, data) = in_use().unwrap();
        assert!(used > 0 && data > used);
    }
}
