/** Tells a process from another one that was given the same id later. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const readLinuxStart = (pid: number): string | undefined => {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name in brackets may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${fields[19]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
};

/** A mark of the living process with this id; undefined when there is none. */
export const markOf = (pid: number): string | undefined => {
  if (process.platform === 'linux') return readLinuxStart(pid);
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || undefined;
  } catch {
    return undefined;
  }
};

export const isAlive = (pid: number, mark: string | undefined): boolean => mark !== undefined && markOf(pid) === mark;

/** Whether this process is the PostgreSQL server of that folder. */
export const isPostgres = (pid: number, dir: string): boolean => {
  try {
    const command = process.platform === 'linux' ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' });
    return command.includes('postgres') && command.includes(dir);
  } catch {
    return false;
  }
};
