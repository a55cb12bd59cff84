using System.Diagnostics;
using System.Globalization;

namespace Compliance.Service.Tests.Crash;

/// <summary>
/// A disk that can be made full. Where mounting is permitted (root), a file system of its own in a file, ext4 on a loop
/// device, whose last byte a ballast file takes. Elsewhere no file of the server's processes may grow or be
/// written (RLIMIT_FSIZE of 0): refused like a full disk, though under another error number, and more of it.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private const long Bytes = 1L << 30;

    private readonly string _image;

    private SmallDisk(string directory, string image, bool isMounted) => (Directory, _image, IsMounted) = (directory, image, isMounted);

    public string Directory { get; }

    public bool IsMounted { get; }

    private string Ballast => Path.Combine(Directory, "ballast");

    public static SmallDisk Make()
    {
        var home = TestPostgres.NewDirectory();
        var image = Path.Combine(home, "image");
        var directory = System.IO.Directory.CreateDirectory(Path.Combine(home, "disk")).FullName;
        using (var file = File.Create(image))
        {
            file.SetLength(Bytes);
        }

        var mounted = Environment.IsPrivilegedProcess && Succeeds("mkfs.ext4", "-q", "-F", "-m", "0", image) && Succeeds("mount", "-o", "loop", image, directory);
        return new(directory, image, mounted);
    }

    /// <param name="server">The processes of the server, its postmaster among them.</param>
    public void Fill(IEnumerable<int> server)
    {
        if (!IsMounted)
        {
            Limit(server, "0:");
            return;
        }

        // What the server writes meanwhile, and what is too little for the next step: in ever smaller pieces, until not a block is left.
        using var ballast = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var piece = new byte[1 << 20]; piece.Length >= 4096; piece = new byte[piece.Length / 4])
        {
            try
            {
                while (true)
                {
                    var free = new DriveInfo(Directory).AvailableFreeSpace;
                    if (free > piece.Length)
                    {
                        Succeeds("fallocate", "-o", ballast.Length.ToString(CultureInfo.InvariantCulture), "-l", (free / piece.Length * piece.Length).ToString(CultureInfo.InvariantCulture), Ballast);
                    }

                    ballast.Seek(0, SeekOrigin.End);
                    ballast.Write(piece);
                }
            }
            catch (IOException)
            {
                // Full, for pieces of this size.
            }
        }
    }

    public void Free(IEnumerable<int> server)
    {
        if (IsMounted)
        {
            File.Delete(Ballast);
        }
        else
        {
            Limit(server, "unlimited:");
        }
    }

    public void Dispose()
    {
        if (IsMounted)
        {
            for (var attempt = 0; attempt < 50 && !Succeeds("umount", Directory); attempt++)
            {
                Thread.Sleep(100);
            }
        }

        File.Delete(_image);
    }

    private static void Limit(IEnumerable<int> server, string size)
    {
        foreach (var process in server)
        {
            // One that has ended meanwhile needs no limit.
            Succeeds("prlimit", "--pid", process.ToString(CultureInfo.InvariantCulture), $"--fsize={size}");
        }
    }

    private static bool Succeeds(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.StandardOutput.ReadToEnd();
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"The program {program} is missing. Debian, Ubuntu: apt-get install util-linux e2fsprogs.", e);
        }
    }
}
