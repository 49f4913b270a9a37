# Another way: the process is moved first, and the period is half as long.
cd "$1" || exit
echo "$2" >cgroup.procs
for file in cpu.cfs_period_us cpu.cfs_quota_us cpu.max; do
    [ -e $file ] || continue
    case $file in
    cpu.max) echo "$(($3 * 500)) 50000" ;;
    *period*) echo 50000 ;;
    *) echo "$(($3 * 500))" ;;
    esac >$file
done
